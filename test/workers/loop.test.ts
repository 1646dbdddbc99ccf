/** When a loop makes its passes. Time is the test's own. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Loop, startLoop } from '../../workers/loop.ts'

let loop: Loop
let passes: number[]
let onPass: () => Promise<void>
const takes = (ms: number) => () => new Promise<void>((resolve) => setTimeout(resolve, ms))
const at = (ms: number) => vi.advanceTimersByTimeAsync(ms - performance.now())

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
  passes = []
  onPass = async () => {}
})
afterEach(async () => {
  await loop.stop()
  vi.useRealTimers()
})

function start(rest?: { times: number; mostMs: number }): number {
  const begun = performance.now()
  loop = startLoop({
    ...{ everyMs: 1_000, ...(rest && { rest }) },
    pass: async () => {
      passes.push(Math.round(performance.now() - begun))
      await onPass()
    },
    onError: () => {},
  })
  return begun
}

it('passes every so often, and at once when it is asked', async () => {
  const begun = start()
  await at(begun + 2_500)
  loop.wake()
  await at(begun + 3_400)
  expect(passes).toEqual([0, 1_000, 2_000, 2_500])
})

it('makes one pass for all who ask while one is made, after it, also where that failed', async () => {
  onPass = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300))
    throw new Error('no')
  }
  const begun = start()
  await at(begun + 100)
  loop.wake()
  loop.wake()
  await at(begun + 900)
  expect(passes).toEqual([0, 300])
})

it('rests after a pass where it is told to, the longer the longer that took, and makes one for all who asked meanwhile', async () => {
  onPass = takes(20)
  const begun = start({ times: 3, mostMs: 200 })
  const askAt = async (...times: number[]) => {
    for (const ms of times) {
      await at(begun + ms)
      loop.wake()
    }
  }
  await askAt(500, 510, 530, 570)
  await at(begun + 700)
  onPass = takes(100)
  await askAt(800, 950, 1_050)
  await at(begun + 1_500)
  // 500, 20 more, and three times 20; then 800, 100 more, and no more than 200.
  expect(passes).toEqual([0, 500, 580, 800, 1_100])
})

it('makes none after it was stopped', async () => {
  onPass = takes(20)
  const begun = start({ times: 3, mostMs: 200 })
  await at(begun + 50)
  loop.wake()
  await loop.stop()
  loop.wake()
  await at(begun + 5_000)
  expect(passes).toEqual([0])
})
