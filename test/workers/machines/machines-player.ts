/** The real reconciler and the real runs of a pool's machines, played pass by pass on a clock that the caller keeps. */
import type { Sender } from '../../../api/data/jobs.ts'
import { keyRing } from '../../../api/data/key-ring.ts'
import { type ApplyMeans, terraformOf } from '../../../workers/jobs/apply-means.ts'
import { applyStackNow } from '../../../workers/jobs/apply-stack.ts'
import { reconciler } from '../../../workers/jobs/reconcile.ts'
import { realPace } from '../../../workers/pace.ts'
import { connectEngine } from '../../../workers/swarm/engine.ts'
import type { RunServices } from '../../../workers/terraform/run-stack.ts'
import type { TestDatabase } from '../../postgres.ts'
import { terraformTools } from '../../terraform-tools.ts'

const PASS_SECONDS = 20

export type SceneMeans = ApplyMeans & { runs: RunServices }

export function meansOf(
  of: {
    database: Pick<TestDatabase, 'pool' | 'installation'>
    dockerHost: string
    /** As images are named; nobody asks it where nobody boots. */
    registry?: string
    home: string
    keys: Parameters<typeof keyRing>[0]
  },
  now: () => Date,
): SceneMeans {
  const ring = keyRing(of.keys)
  const engine = connectEngine(of.dockerHost)
  const { pool, installation } = of.database
  const log = { info() {}, warn() {}, error: console.error } as unknown as ApplyMeans['log']
  const config = { home: of.home, installation, dockerHost: of.dockerHost, ...terraformTools() }
  const runs = { pool, keyRing: ring, config, docker: engine, log, now, worker: `${process.pid}` }
  const { registry = '127.0.0.1:5000' } = of
  const place = { installation, registry, storageRoot: '/srv/labplan' }
  return {
    ...{ pool, ring, engine, place, log, now, pace: realPace, runs },
    terraform: terraformOf(runs),
  }
}

/** @param tick called after each pass that ran something */
export function player(means: ApplyMeans, tick: (seconds: number) => void) {
  const asked: string[] = []
  const boss: Sender = {
    send: async (_, data) => void asked.push((data as { stackKey: string }).stackKey),
  }
  const { pool, place, now } = means
  const { reconcile } = reconciler({ pool, boss, place, now, budget: { memoryMb: 8192, cores: 4 } })
  /** What the machines of the pool asked for; the rest of the campus is not played. */
  const pass = async (): Promise<string[]> => {
    await reconcile()
    return asked.splice(0).filter((key) => /^(base|nodes)-/.test(key))
  }
  const passes = async (most: number): Promise<{ ran: string[]; isSettled: boolean }> => {
    const ran: string[] = []
    for (let left = most; left > 0; left--) {
      const keys = await pass()
      if (keys.length === 0) return { ran, isSettled: true }
      for (const key of keys) await applyStackNow(means, key, new AbortController().signal)
      ran.push(...keys)
      tick(PASS_SECONDS)
    }
    return { ran, isSettled: false }
  }
  return { pass, passes }
}
