/** Which slot is to show what, from the record and from what is mounted. */
import { expect, it } from 'vitest'
import type { SlotWish } from '../../../api/data/volumes/personal-volume.ts'
import { slotSteps, toRecord } from '../../../workers/jobs/keep-slots.ts'

const wish = (number: number, volume: string | null): SlotWish => ({
  ...{ seatId: `seat-${number}`, slot: `s${number}`, isMade: true, shownId: null },
  volume: volume === null ? null : { id: `id-${volume}`, name: volume },
})

const sight = (name: string, volume: string | null) => ({ name, volume, isEverywhere: true })

it('asks for nothing when all is as wanted', () => {
  const there = [sight('s1', 'a'), sight('s2', null)]
  expect(slotSteps([wish(1, 'a'), wish(2, null)], there)).toEqual([])
})

it('makes slots, shows, hides and removes; what goes out comes first', () => {
  const there = [sight('s1', null), sight('s2', 'b'), sight('s9', 'c')]
  expect(slotSteps([wish(1, 'a'), wish(2, null), wish(3, null), wish(4, 'd')], there)).toEqual([
    { slot: 's9', show: 'remove' },
    { slot: 's2', show: null },
    { slot: 's3', show: null },
    { slot: 's1', show: 'a' },
    { slot: 's4', show: 'd' },
  ])
})

it('has another’s taken out before anything is put in', () => {
  const steps = slotSteps([wish(1, 'a')], [sight('s1', 'b')])
  // One step of the agent, which lets go of what is there first.
  expect(steps).toEqual([{ slot: 's1', show: 'a' }])
})

it('says what a slot shows once every machine does, and that there is one before', () => {
  const seen = (volume: string | null, isSpreading: boolean) => ({ volume, isSpreading })
  const anew = { ...wish(1, null), isMade: false }
  expect(toRecord(anew, seen(null, true))).toEqual({ seatId: 'seat-1', volumeId: null })
  expect(toRecord(wish(1, 'a'), seen('a', true))).toBeUndefined()
  expect(toRecord(wish(1, 'a'), seen('a', false))).toEqual({ seatId: 'seat-1', volumeId: 'id-a' })
  const open = { ...wish(1, 'a'), shownId: 'id-a' }
  expect(toRecord(open, seen('a', false))).toBeUndefined()
  // Until it is out of every seat, it is held open by one.
  const leaving = { ...open, volume: null }
  expect(toRecord(leaving, seen(null, true))).toBeUndefined()
  expect(toRecord(leaving, seen(null, false))).toEqual({ seatId: 'seat-1', volumeId: null })
})
