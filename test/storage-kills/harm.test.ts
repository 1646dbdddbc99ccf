import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isFailure, newestOf, readRecord, withRecord } from '../chaos/record.ts'
import { wrongFiles } from './checks.ts'
import { BACKENDS, harmOf, livesOf, STEPS, tableOf, VICTIMS } from './harm.ts'
import { openTwice } from './nfs.ts'

const root = join(import.meta.dirname, '..', '..')
const seeds = Array.from({ length: 50 }, (_, i) => i + 1)

describe.for(BACKENDS)('fifty seeds of %s', (backend) => {
  it('meet every victim in every step', () => {
    const met = new Set(seeds.map((seed) => harmOf(seed, backend)).map((one) => pair(one)))
    const all = VICTIMS.flatMap((victim) => STEPS.map((step) => pair({ victim, step })))
    expect([...met].toSorted()).toEqual(all.toSorted())
  })

  it('are lives whose steps are in their order, with no seed left out', () => {
    const lives = livesOf(seeds, backend)
    expect(lives.flat().map(({ seed }) => seed)).toEqual(seeds)
    for (const harms of lives) {
      const at = harms.map(({ step }) => STEPS.indexOf(step))
      expect(at).toEqual([...new Set(at)].toSorted((a, b) => a - b))
    }
  })

  it('are in docs/storage-kills.md as they were kept', () => {
    const lines = newestOf(readRecord(join(root, 'test/storage-kills', `${backend}.jsonl`)))
    for (const line of lines.filter((one) => !isFailure(one))) {
      const { victim, step } = harmOf(line.seed, backend)
      expect(line).toMatchObject({ victim, step })
    }
    const document = readFileSync(join(root, 'docs/storage-kills.md'), 'utf8')
    expect(withRecord(document, lines, tableOf(backend))).toBe(document)
  })
})

const pair = ({ victim, step }: { victim: string; step: string }) => `${victim} ${step}`

describe('what a seat said was kept', () => {
  const volume = 'lp-test0000-c0urse00-s001-g1'
  const of = (content: string, last: number) =>
    wrongFiles(`== /srv/${volume}/home/u/lines-1\n${content}`, {
      files: new Map([[volume, new Map([['lines-1', last]])]]),
    })

  it('may be followed by a line that was cut short, and by nothing else', () => {
    expect(of('1\n2\n3\n', 3)).toEqual([])
    expect(of('1\n2\n3', 2)).toEqual([])
    expect(of('1\n2\n\0\0', 2)).toEqual([])
    expect(of('1\n2\n', 3)).toEqual([`lines-1 of ${volume} has 2 of 3 lines`])
    expect(of('1\n2\n2\n3\n', 2)).toHaveLength(1)
    expect(of('', 4)).toHaveLength(1)
  })

  it('is lost when its file is', () => {
    const files = new Map([[volume, new Map([['lines-1', 2]])]])
    expect(wrongFiles('', { files })).toEqual([`lines-1 of ${volume} is lost`])
    files.get(volume)!.set('lines-1', 0)
    expect(wrongFiles('', { files })).toEqual([])
  })
})

it('sees a file that two living clients of a server write', () => {
  const state = `- 0x1: { type: open, access: rw, deny: --, superblock: "fe:10:42", filename: "a/lines-1" }`
  const client = (address: string, status = 'confirmed') =>
    `address: "${address}:835"\nstatus: ${status}\n${state}\n`
  const living = ['10.1.2.1', '10.1.2.2']
  const two = [client('10.1.2.1'), client('10.1.2.2')]
  expect(openTwice(two.join(''), living)).toEqual(['fe:10:42 is written by 10.1.2.1 and 10.1.2.2'])
  expect(openTwice(two.join(''), ['10.1.2.1'])).toEqual([])
  expect(openTwice(client('10.1.2.1') + client('10.1.2.2', 'courtesy'), living)).toEqual([])
})
