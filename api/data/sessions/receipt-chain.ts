/**
 * Receipts as a chain: each body is canonical JSON that holds the hash of the one before it, so changing,
 * removing or inserting one shows at the next. Pure, so that anybody who has the texts can check them.
 */
import { z } from 'zod'
import { canonicalJson, sha256 } from '../../../stacks/blueprint.ts'

const instant = z.iso.datetime()
const names = z.array(z.string())
const objects = z.strictObject({ services: names, volumes: names, secrets: names })

/** What a receipt says. Names and numbers of objects, times, runs: nothing of any person. */
export const receiptSchema = z.strictObject({
  apiVersion: z.literal('labplan/v1'),
  kind: z.literal('Receipt'),
  installation: z.string(),
  /** 1, 2, 3, …: the chain has no gap. */
  number: z.int().positive(),
  /** Hash of receipt number − 1; null for the first. */
  previous: z.string().nullable(),
  session: z.strictObject({
    key: z.string(),
    course: z.string(),
    course8: z.string(),
    pool: z.string(),
    startsAt: instant,
    endsAt: instant,
    students: z.int(),
    atOnce: z.int(),
  }),
  /** Null where it did not happen: a session that nobody could enter was never open. */
  times: z.strictObject({
    preparedFrom: instant,
    readyAt: instant.nullable(),
    openedAt: instant.nullable(),
    endedAt: instant,
    closedAt: instant,
  }),
  /** Between `preparedFrom` and `closedAt`, by the stacks of its course. */
  created: objects,
  destroyed: objects,
  /** There when it closed. Services and secrets are kept for another session, headroom or somebody at work. */
  kept: z.strictObject({
    services: names,
    secrets: names,
    volumes: z.array(z.strictObject({ name: z.string(), until: instant.nullable() })),
  }),
  /** Only where there was one: times in which its files could not be reached. Nothing of it stopped meanwhile. */
  outages: z
    .array(z.strictObject({ backend: z.string(), from: instant, until: instant.nullable() }))
    .optional(),
  /** Only where there were any: seats that began on a scratch home, and what came of its files by then; null: not home yet. */
  scratch: z
    .array(
      z.strictObject({
        seat: z.int(),
        from: instant,
        result: z.enum(['folder', 'home', 'nothing', 'discarded']).nullable(),
        mergedAt: instant.nullable(),
      }),
    )
    .optional(),
  runs: z.array(
    z.strictObject({
      id: z.string(),
      stack: z.string(),
      kind: z.string(),
      state: z.string(),
      startedAt: instant,
      endedAt: instant.nullable(),
    }),
  ),
})
export type ReceiptBody = z.infer<typeof receiptSchema>

export type ReceiptLink = { number: number; body: string; hash: string }

export function sealReceipt(body: ReceiptBody): ReceiptLink {
  const text = canonicalJson(receiptSchema.parse(body))
  return { number: body.number, body: text, hash: sha256(text) }
}

export type BrokenLink = {
  number: number
  why: 'missing' | 'text-changed' | 'not-after-previous' | 'not-readable'
}

/** Where a walk along the chain stands: the last link that held. */
export type ChainEnd = { number: number; hash: string | null }
export const CHAIN_START: ChainEnd = { number: 0, hash: null }

/** Walks on from `end` over links in order; answers the first that does not hold, or the new end. */
export function walkChain(
  end: ChainEnd,
  links: ReceiptLink[],
): { broken: BrokenLink } | { end: ChainEnd } {
  for (const link of links) {
    const why = faultOf(end, link)
    if (why) return { broken: { number: why === 'missing' ? end.number + 1 : link.number, why } }
    end = { number: link.number, hash: link.hash }
  }
  return { end }
}

function faultOf(end: ChainEnd, link: ReceiptLink): BrokenLink['why'] | undefined {
  if (link.number !== end.number + 1) return 'missing'
  if (sha256(link.body) !== link.hash) return 'text-changed'
  const body = readReceipt(link.body)
  if (!body || body.number !== link.number) return 'not-readable'
  return body.previous === end.hash ? undefined : 'not-after-previous'
}

function readReceipt(text: string): ReceiptBody | undefined {
  try {
    return receiptSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
