/** What tests of machines in the test cloud ask and do, whatever the pool. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import { findStack } from '../../../api/data/runs/stack-wish.ts'
import { machinesAt } from '../../../stacks/rules/machine-stacks.ts'
import { machinesGoal } from '../../../workers/jobs/apply-machines.ts'
import { planStack } from '../../../workers/terraform/plan-stack.ts'
import type { MachinesScene } from './machines-scene.ts'

/** The first instant from then on at which so many machines are wanted. */
export async function whenWanted(
  { database }: MachinesScene,
  count: number,
  from = '2026-11-24T00:00Z',
): Promise<string> {
  const head = await currentBlueprint(database.pool)
  for (let at = Date.parse(from); at < Date.parse('2026-11-25T00:00Z'); at += 60_000) {
    const instant = new Date(at).toISOString()
    const nodes = machinesAt(head!.blueprint, instant).flatMap((stack) => stack.nodes)
    if (nodes.length === count) return instant
  }
  throw new Error(`There are never ${count} machines.`)
}

export const NOTHING = {
  ...{ ok: true, summary: { create: 0, update: 0, replace: 0, delete: 0, import: 0 } },
}

/** As a second run would plan it; nothing is done. */
export async function planOf({ means }: MachinesScene, key: string) {
  const goal = await machinesGoal(means, (await findStack(means.pool, key))!)
  if (!goal || 'problem' in goal) throw new Error(goal?.problem ?? 'Nothing is approved.')
  const { content, cloud } = goal.request
  const join = { 'm-large-1': 'none', 'm-large-2': 'none' }
  return planStack(means.runs, { content, cloud: cloud!, before: async () => ({ join }) })
}

/** A worker that is killed once there are more servers than that; answers the ids of those that there are then. */
export async function killedInTheMiddle(
  scene: MachinesScene,
  stackKey: string,
  most: number,
): Promise<string[]> {
  const order = JSON.stringify({ ...scene.order(), stackKey })
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'machines-worker.ts'), order], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const count = async () => (await scene.servers()).length
  await expect.poll(count, { timeout: 60_000 }).toBeGreaterThan(most)
  worker.kill('SIGKILL')
  await once(worker, 'exit')
  await sleep(500)
  return (await scene.servers()).map(({ id }) => id)
}
