import { describe, expect, it } from 'vitest'
import { decide } from '../../../workers/swarm/decide.ts'

const now = new Date('2026-11-23T08:00:00Z')
const seat = {
  state: 'cold' as const,
  wanted_on: true,
  held: false,
  generation: 1,
  wanted_generation: 1,
  applied_generation: 1,
  wanted_start: 0,
  started: 0,
  start_after: null,
  volume_ready: true,
  storage_away: false,
  away_since: null,
  task_id: null,
}
const awayFor = (hours: number) => ({
  ...{ storage_away: true, away_since: new Date(now.getTime() - hours * 3_600_000) },
})
const quiet = { runningTaskId: undefined, alive: false }
const running = (id: string) => ({ runningTaskId: id, alive: true })

describe('what a seat needs next', () => {
  it.each([
    ['a cold seat that is wanted', {}, quiet, 'scale up'],
    ['a cold seat that nobody wants', { wanted_on: false }, quiet, 'none'],
    ['a cold seat a run holds', { held: true }, quiet, 'none'],
    [
      'a cold seat whose service is of an older generation',
      { generation: 2, wanted_generation: 2 },
      quiet,
      'none',
    ],
    [
      'a cold seat that waits after a failure',
      { start_after: new Date(now.getTime() + 1) },
      quiet,
      'none',
    ],
    ['a cold seat whose wait is over', { start_after: now }, quiet, 'scale up'],
    [
      'a cold seat with a container that nobody wants',
      { wanted_on: false },
      running('t1'),
      'scale down',
    ],
    ['an absent seat', { state: 'absent' as const }, quiet, 'none'],
    [
      'an absent seat that was reset',
      { state: 'absent' as const, wanted_generation: 2 },
      quiet,
      'next generation',
    ],
    ['a starting seat', { state: 'starting' as const }, running('t1'), 'bring up'],
    [
      'a starting seat its student stopped',
      { state: 'starting' as const, wanted_on: false },
      running('t1'),
      'scale down',
    ],
    [
      'a ready seat whose task runs',
      { state: 'ready' as const, task_id: 't1' },
      running('t1'),
      'none',
    ],
    [
      'a ready seat whose task was replaced',
      { state: 'ready' as const, task_id: 't1' },
      running('t2'),
      'bring up',
    ],
    [
      'a ready seat whose task ended',
      { state: 'ready' as const, task_id: 't1' },
      quiet,
      'bring up',
    ],
    [
      'a ready seat to restart',
      { state: 'ready' as const, task_id: 't1', wanted_start: 1 },
      running('t1'),
      'scale down',
    ],
    [
      'a ready seat to reset',
      { state: 'ready' as const, task_id: 't1', wanted_generation: 2 },
      running('t1'),
      'scale down',
    ],
    [
      'a ready seat a run holds',
      { state: 'ready' as const, task_id: 't1', held: true },
      running('t1'),
      'scale down',
    ],
    ['a cold seat to reset', { wanted_generation: 2 }, quiet, 'next generation'],
    [
      'a cold seat to reset while a run holds it',
      { wanted_generation: 2, held: true },
      quiet,
      'none',
    ],
    [
      'a seat that was to stop when its worker was killed',
      { state: 'stopping' as const, wanted_on: false },
      running('t1'),
      'scale down',
    ],
    [
      'a stopping seat',
      { state: 'stopping' as const, wanted_on: false },
      { runningTaskId: undefined, alive: true },
      'none',
    ],
    [
      'a stopping seat that is gone',
      { state: 'stopping' as const, wanted_on: false },
      quiet,
      'mark cold',
    ],
    [
      'a failed seat',
      { state: 'failed' as const, start_after: new Date(now.getTime() + 1) },
      quiet,
      'none',
    ],
    [
      'a failed seat whose wait is over',
      { state: 'failed' as const, start_after: now },
      quiet,
      'scale down',
    ],
    [
      'a failed seat its student stopped',
      { state: 'failed' as const, wanted_on: false },
      quiet,
      'scale down',
    ],
    ['a cold seat without its storage', { storage_away: true }, quiet, 'none'],
    [
      'a seat at work without its storage',
      { state: 'ready' as const, task_id: 't1', storage_away: true },
      running('t1'),
      'none',
    ],
    [
      'a seat that has to stop without its storage',
      { state: 'ready' as const, task_id: 't1', storage_away: true, wanted_on: false },
      running('t1'),
      'none',
    ],
    [
      'a seat a run holds without its storage',
      { state: 'ready' as const, task_id: 't1', storage_away: true, held: true },
      running('t1'),
      'none',
    ],
    [
      'a seat that failed without its storage',
      { state: 'failed' as const, start_after: now, storage_away: true },
      quiet,
      'none',
    ],
    [
      'a seat whose task the Swarm made anew without its storage',
      { state: 'ready' as const, task_id: 't1', storage_away: true },
      running('t2'),
      'bring up',
    ],
    [
      'a seat on its way down when its storage went',
      { state: 'stopping' as const, wanted_on: false, storage_away: true },
      quiet,
      'mark cold',
    ],
    [
      'a seat that nobody wants, whose storage has been away for less than a day',
      { state: 'ready' as const, task_id: 't1', wanted_on: false, ...awayFor(23.9) },
      running('t1'),
      'none',
    ],
    [
      'the same after a day',
      { state: 'ready' as const, task_id: 't1', wanted_on: false, ...awayFor(24) },
      running('t1'),
      'scale down',
    ],
    [
      'a seat that was told to stop a day ago',
      { state: 'stopping' as const, wanted_on: false, ...awayFor(24) },
      running('t1'),
      'scale down',
    ],
    [
      'a seat that somebody waits in for a day',
      { state: 'ready' as const, task_id: 't1', ...awayFor(24) },
      running('t1'),
      'none',
    ],
    ['a cold seat that is wanted for a day', awayFor(24), quiet, 'none'],
  ])('%s', (_, facts, seen, step) => {
    expect(decide({ ...seat, ...facts }, seen, now)).toBe(step)
  })
})
