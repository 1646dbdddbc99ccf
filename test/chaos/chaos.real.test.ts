/**
 * The most telling kills, one class each, in one world that goes on: what the others do is `scripts/bench chaos`
 * (docs/chaos.md says what it found). Every wait is for an event; the bar of 90 s counts from the kill.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CONVERGED_BAR_MS, type Phase, chaosRun } from './run.ts'
import { type Victim, type World, chaosWorld } from './world.ts'

let world: World
beforeAll(async () => {
  world = await chaosWorld(4, () => {})
}, 180_000)
afterAll(() => world?.close())

const kills: [Victim, Phase, number][] = [
  ['worker', 'apply', 4_000],
  ['provider', 'adoption', 1_000],
  ['postgres', 'launch', 50],
  ['dockerd', 'destroy', 2_000],
]

it.each(kills)(
  'comes back from a killed %s during %s: every student in their own seat',
  async (victim, phase, delayMs) => {
    const outcome = await chaosRun(world, { seed: 0, phase, victim, delayMs, cutMs: 5_000 })
    expect(outcome.convergedMs).toBeLessThanOrEqual(CONVERGED_BAR_MS)
  },
  300_000,
)
