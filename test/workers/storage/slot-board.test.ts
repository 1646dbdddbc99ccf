/** What agents of several machines tell each other of slots, in a folder that they share. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  ownId,
  readWanted,
  reportReader,
  wantedMark,
  writeReport,
  writeWanted,
} from '../../../workers/storage/slot-board.ts'

const slot = 'lp-test0000-c0urse00-s001'
const volume = 'lp-test0000-personal-s001-g1'
const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
let board = ''
let atMs = 0
beforeEach(() => (board = mkdtempSync(join(tmpdir(), 'labplan-test-board-'))))
afterEach(() => rmSync(board, { recursive: true, force: true }))

it('says what is wanted, and shows that it was written anew', async () => {
  expect(await readWanted(board)).toBeUndefined()
  await writeWanted(board, { [slot]: null })
  const mark = await wantedMark(board)
  expect(await wantedMark(board)).toBe(mark)
  await writeWanted(board, { [slot]: volume })
  expect(await wantedMark(board)).not.toBe(mark)
  expect(await readWanted(board)).toEqual({ [slot]: volume })
})

it('names no folder but slots and volumes, whoever wrote it', async () => {
  const texts = { 'Invalid key': { '../x': volume }, 'Invalid input': { [slot]: '../../etc' } }
  for (const [said, wrong] of Object.entries(texts)) {
    writeFileSync(join(board, 'wanted.json'), JSON.stringify(wrong))
    await expect(readWanted(board)).rejects.toThrow(said)
  }
})

it('hears of the others alone, until they are silent, and again when they speak', async () => {
  const read = reportReader(one, () => atMs)
  await writeReport(board, { id: one, beat: 1, shown: { [slot]: volume } })
  expect(await read(board)).toEqual([])
  await writeReport(board, { id: two, beat: 1, shown: { [slot]: null } })
  expect(await read(board)).toEqual([{ [slot]: null }])
  atMs += 34_000
  expect(await read(board)).toEqual([{ [slot]: null }])
  atMs += 2_000
  expect(await read(board)).toEqual([])
  await writeReport(board, { id: two, beat: 2, shown: {} })
  expect(await read(board)).toEqual([{}])
  // Gone for good: nothing of it stays for ever.
  atMs += 3_700_000
  expect(await read(board)).toEqual([])
  expect(readdirSync(board)).toEqual([`shown-${one}.json`])
})

it('has one name for each machine, also after a start', async () => {
  const id = await ownId(board)
  expect(await ownId(board)).toBe(id)
})
