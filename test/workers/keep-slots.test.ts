/** Which slot is to show what, from the record and from what is mounted. */
import { expect, it } from 'vitest'
import type { SlotWish } from '../../api/data/personal-volume.ts'
import { slotSteps } from '../../workers/jobs/keep-slots.ts'

const wish = (number: number, volume: string | null): SlotWish => ({
  ...{ seatId: `seat-${number}`, slot: `s${number}`, isMade: true, shownId: null },
  volume: volume === null ? null : { id: `id-${volume}`, name: volume },
})

it('asks for nothing when all is as wanted', () => {
  const there = [
    { name: 's1', volume: 'a' },
    { name: 's2', volume: null },
  ]
  expect(slotSteps([wish(1, 'a'), wish(2, null)], there)).toEqual([])
})

it('makes slots, shows, hides and removes; what goes out comes first', () => {
  const there = [
    { name: 's1', volume: null },
    { name: 's2', volume: 'b' },
    { name: 's9', volume: 'c' },
  ]
  expect(slotSteps([wish(1, 'a'), wish(2, null), wish(3, null), wish(4, 'd')], there)).toEqual([
    { slot: 's9', show: 'remove' },
    { slot: 's2', show: null },
    { slot: 's3', show: null },
    { slot: 's1', show: 'a' },
    { slot: 's4', show: 'd' },
  ])
})

it('has another’s taken out before anything is put in', () => {
  const steps = slotSteps([wish(1, 'a')], [{ name: 's1', volume: 'b' }])
  // One step of the agent, which lets go of what is there first.
  expect(steps).toEqual([{ slot: 's1', show: 'a' }])
})
