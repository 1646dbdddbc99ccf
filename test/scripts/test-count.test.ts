import { expect, it } from 'vitest'
import { countGo } from '../../scripts/steps/test-runners.ts'

const event = (fields: object): string => JSON.stringify(fields)

it('counts the tests of go test -json, with the reason of each skip', () => {
  const output = [
    event({ Action: 'run', Test: 'TestA' }),
    event({ Action: 'pass', Test: 'TestA' }),
    event({ Action: 'output', Test: 'TestB', Output: '    seat_test.go:12: needs root\n' }),
    event({ Action: 'skip', Test: 'TestB' }),
    event({ Action: 'pass' }),
    'a line that is no event',
  ].join('\n')
  expect(countGo(0, output)).toEqual({
    passed: 1,
    failed: 0,
    failures: [],
    skipped: [{ name: 'TestB', reason: 'needs root' }],
  })
})

it('counts what does not compile as a failure', () => {
  expect(countGo(1, event({ Action: 'fail' }))).toEqual({
    passed: 0,
    failed: 1,
    failures: [],
    skipped: [],
  })
})

it('names what failed', () => {
  const output = event({ Action: 'fail', Test: 'TestC' })
  expect(countGo(1, output)).toMatchObject({ failed: 1, failures: ['TestC'] })
})
