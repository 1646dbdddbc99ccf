/**
 * The inventory: once a minute one look at the Swarm, compared with the record; what is off is written down
 * and repaired by policy. It deletes nothing that a stack claims: that stack is run, under its own lease. What cannot be done of
 * one finding keeps no other.
 */
import type { Logger } from 'pino'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  type Finding,
  askForReconcile,
  markRepaired,
  noteRemoved,
  openFindings,
  saveFindings,
} from '../../api/data/runs/finding.ts'
import {
  type InventoryCounts,
  type InventoryRecord,
  inventoryReader,
  saveInventory,
} from '../../api/data/runs/inventory.ts'
import { sendNotice } from '../../api/data/notice.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { sha256 } from '../../stacks/blueprint.ts'
import { type Engine, EngineError } from '../swarm/engine.ts'
import { removeSecret } from '../swarm/secret.ts'
import { findService } from '../swarm/service.ts'
import { readState } from '../terraform/survey.ts'
import { type Steps, passSteps } from '../jobs/pass-steps.ts'
import { type Place, driftOf } from './drift.ts'
import { type Seen, lookAtSwarm } from './swarm.ts'

type Means = {
  pool: Pool
  engine: Engine
  ring: KeyRing
  place: Place
  log: Pick<Logger, 'info' | 'warn'>
  now: () => Date
}

/** A repair that did not help is asked for again, not at every look. */
const REPAIR_AGAIN_MS = 5 * 60_000

export type Watch = { look(): Promise<Finding[]> }

export function inventoryWatch(means: Means): Watch {
  const read = inventoryReader(
    means.ring,
    (bytes) => new Map(readState(bytes).map((record) => [record.id, record.address])),
  )
  return {
    /** Looks once; answers what is off by now. */
    async look() {
      // The record first: what a run makes between the two is then not in either's way for long.
      const record = await read(means.pool, means.now())
      const seen = await lookAtSwarm(means.engine, means.place.installation)
      await writeDown(means, seen, record)
      const findings = await openFindings(means.pool)
      const steps = passSteps(means)
      await repair(means, steps, findings)
      for (const stack of record.unread)
        await steps.take(
          `Stack ${stack.key}: nobody could be told that its record cannot be read.`,
          () => tellUnread(means, stack),
          undefined,
        )
      steps.end()
      return findings
    },
  }
}

async function writeDown(
  { pool, place, now }: Means,
  seen: Seen,
  record: InventoryRecord,
): Promise<void> {
  const findings = driftOf(seen, record, place)
  await withTransaction(pool, async (tx) => {
    await saveInventory(tx, { counts: countsOf(seen), now: now() })
    await saveFindings(tx, { findings, now: now() })
  })
}

function countsOf(seen: Seen): InventoryCounts {
  return {
    service: {
      all: seen.services.length,
      on: seen.services.filter((service) => service.replicas > 0).length,
    },
    task: { all: seen.tasksRunning },
    volume: { all: seen.volumes.length },
    secret: { all: seen.secrets.length },
    network: { all: seen.networks.length },
    container: { all: seen.containers.length },
  }
}

async function repair(means: Means, steps: Steps, findings: Finding[]): Promise<void> {
  const again = new Date(means.now().getTime() - REPAIR_AGAIN_MS)
  const due = findings.filter(({ repairedAt }) => repairedAt === null || repairedAt <= again)
  await runStacks(means, steps, due)
  const named = ({ object, name }: Finding) => `What is off, ${object} ${name}`
  for (const finding of findings.filter((one) => one.repair === 'none' && one.repairedAt === null))
    await steps.take(
      `${named(finding)}: nobody could be told.`,
      () => tell(means, finding),
      undefined,
    )
  for (const finding of due.filter((one) => one.repair === 'remove'))
    await steps.take(
      `${named(finding)}: it could not be removed.`,
      () => removeOne(means, finding),
      undefined,
    )
}

/** A run leaves out what somebody altered and works on: nothing else of the stack waits for it. */
async function runStacks({ pool, log, now }: Means, steps: Steps, due: Finding[]): Promise<void> {
  const byStack = Map.groupBy(
    due.filter((one) => one.repair === 'run'),
    (one) => one.stackKey ?? '',
  )
  for (const [key, findings] of byStack) {
    const names = findings.map((one) => `${one.kind} ${one.name}`)
    const message = `Not as applied: ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}.`
    const ask = () =>
      withTransaction(pool, async (tx) => {
        if (!(await askForReconcile(tx, { key, message, now: now() }))) return false
        await markRepaired(
          tx,
          findings.map((one) => one.id),
          now(),
        )
        return true
      })
    const asked = await steps.take(`Stack ${key}: it could not be run again.`, ask, false)
    if (asked) log.warn({ stack: key, names }, 'a stack is run again: it is not as applied')
  }
}

/** Nobody repairs it but a person: the infra team is told, once. */
async function tell({ pool, now }: Means, finding: Finding): Promise<void> {
  const { id, name, code, params } = finding
  await withTransaction(pool, async (tx) => {
    await sendNotice(tx, {
      ...{ code: 'notice.finding', params: { name }, to: 'infra', dedupeKey: `finding ${id}` },
      ...{ lines: [{ code: `finding.${code}`, params }], now: now() },
    })
    await markRepaired(tx, [id], now())
  })
}

/** As of a run that is held for it: it has none as long as the stack is what is wanted. */
async function tellUnread(
  { pool, log, now }: Means,
  { key, message }: InventoryRecord['unread'][number],
): Promise<void> {
  log.warn({ stack: key }, message)
  await withTransaction(pool, (tx) =>
    sendNotice(tx, {
      ...{ code: 'notice.run-held', to: 'infra', now: now() },
      params: { stack: key, message },
      dedupeKey: `run-held/${key}/${sha256(message)}`,
    }),
  )
}

/** Read again right before: what runs or is in use by then stays. */
async function removeOne({ pool, engine, log, now }: Means, finding: Finding): Promise<void> {
  const id = finding.objectId
  if (id === null || !(await removeFromSwarm(engine, finding.object, id))) return
  await withTransaction(pool, async (tx) => {
    await markRepaired(tx, [finding.id], now())
    await noteRemoved(tx, { finding, now: now() })
  })
  log.warn({ object: finding.object, name: finding.name }, 'removed: no stack claims it')
}

async function removeFromSwarm(
  engine: Engine,
  object: Finding['object'],
  id: string,
): Promise<boolean> {
  if (object === 'secret') return removeSecret(engine, id)
  // Docker itself refuses while any container has it.
  if (object === 'volume') return (await engine.ask('DELETE', `/volumes/${id}`)).status === 204
  if (object !== 'service') return false
  const service = await findService(engine, id)
  if (!service || service.Spec.Mode.Replicated?.Replicas !== 0) return false
  await engine.call('DELETE', `/services/${id}`).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.status !== 404) throw error
  })
  return true
}
