/**
 * Machines that stand idle and join a pool by one pasted line: the line for who runs the pool, and what the machine is told when it
 * shows the line's ticket. The ticket travels in a header: it is in no address and so in no log.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { key } from '../../stacks/schema-key.ts'
import { joinScript } from '../../stacks/parts/join-script.ts'
import { currentBlueprint } from '../data/changes/blueprint.ts'
import { defaultTimeZone } from '../data/courses/course.ts'
import { withTransaction } from '../data/db.ts'
import {
  callTicket,
  findTicket,
  issueTicket,
  type JoinTicket,
  takeJoin,
} from '../data/pools/join-ticket.ts'
import { conflict } from '../errors.ts'
import { type JoinLine, whyNotJoin } from '../join-line.ts'
import { say } from '../locale.ts'
import { poolPage } from '../pages/pool.ts'
import { paths } from '../paths.ts'
import { actorOf, type Handler, type Reply, type Visit } from '../visit.ts'
import { reportOf, shownOf } from './pool.ts'

/** The worker looks every few seconds; a machine that waits longer asks in vain. */
const ANSWER_LIMIT_MS = 30_000
const ANSWER_POLL_MS = 250

/** `gpu` is the pool's word for the kind of its GPUs, as in `nodes` of pools.yaml. */
export const lineBody = z.object({ gpu: key.or(z.literal('')).default('') })
type Line = z.infer<typeof lineBody>

export const issue: Handler<unknown, Line> = async (visit) => ({
  status: 201,
  json: await lineFor(visit),
})

/** Answers with the page itself: the line is in no address, and shown once. */
export const issueFromPage: Handler<unknown, Line> = async (visit) => {
  const line = await lineFor(visit)
  const timeZone = await defaultTimeZone(visit.pool)
  return { html: poolPage(visit, await shownOf(visit), timeZone, line) }
}

async function lineFor(visit: Visit<Line>): Promise<JoinLine> {
  const { pool, config, at: now } = visit
  const report = await reportOf(visit)
  const why = whyNotJoin(config, report)
  if (why) throw conflict(why.code, why.params)
  const actor = actorOf(visit, 'administrator')
  const { token, expiresAt } = await withTransaction(pool, (tx) =>
    issueTicket(tx, {
      ...{ poolId: report.pool.id, gpuKind: visit.body.gpu || null, actor, now },
    }),
  )
  const url = config.publicUrl + paths.joinMachine()
  const command = `curl -fsS -H 'Authorization: Bearer ${token}' ${url} | sh`
  return { command, expiresAt, isInClear: new URL(url).protocol === 'http:' }
}

/** What a shell is to run: how the machine joins, or a sentence that says why it does not. */
export const script: Handler = async (visit) => {
  const ticket = await shownTicket(visit)
  if (!ticket) return refusal(visit, 'machine.join.used')
  const join = await untilSealed(visit, ticket.id)
  if ('why' in join) return refusal(visit, join.why)
  const head = await currentBlueprint(visit.pool)
  const cloud = head?.blueprint.pools.find((one) => one.key === ticket.pool_key)?.cloud
  const [, manager = ''] = join.text.split(' ')
  const { installation, registry } = visit.config
  return {
    text: joinScript(
      {
        ...{ installation, pool: ticket.pool_key, ticket: ticket.id },
        gpuKind: ticket.gpu_kind,
        cloud: {
          gateways: cloud?.gateways ?? [`${manager.replace(/:\d+$/, '')}/32`],
          dns: cloud?.dns ?? null,
          insecureRegistries: [...new Set([registry, ...(cloud?.insecureRegistries ?? [])])],
        },
      },
      join.text,
    ),
  }
}

function shownTicket(visit: Visit): Promise<JoinTicket | undefined> {
  const token = visit.bearer
  if (token === undefined) return Promise.resolve(undefined)
  return withTransaction(visit.pool, (tx) => callTicket(tx, { token, now: visit.at }))
}

/** Until the worker has sealed what it joins with, and then once. */
async function untilSealed(
  { pool, ring, now, stopping }: Visit,
  id: string,
): Promise<{ text: string } | { why: string }> {
  for (let waited = 0; waited < ANSWER_LIMIT_MS; waited += ANSWER_POLL_MS) {
    const text = await withTransaction(pool, (tx) => takeJoin(tx, ring, { id, now: now() }))
    if (text !== undefined) return { text }
    const ticket = await findTicket(pool, id)
    if (ticket?.state !== 'called') return { why: `machine.join.${ticket?.message ?? 'used'}` }
    await sleep(ANSWER_POLL_MS, undefined, { signal: stopping })
  }
  return { why: 'machine.join.no-answer' }
}

/** Run by the same shell: whoever pasted the line reads it. */
const refusal = ({ locale }: Visit, code: string): Reply => ({
  text: `echo "labplan: ${say(locale, code)}" >&2\nexit 1\n`,
})
