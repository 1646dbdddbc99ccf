/**
 * Reads who is in an LMS course (Names and Roles Provisioning Services 2.0): page by page, and once more for each
 * activity of ours with its `rlid`, since an activity may be shown to a part of the course only. What comes of it is
 * data/lms/roster.ts's.
 */
import { z } from 'zod'
import { type Pool, withTransaction } from '../data/db.ts'
import type { KeyRing } from '../data/key-ring.ts'
import { type LtiPlatform, ltiPlatform } from '../data/lms/lti-store.ts'
import {
  type Listed,
  type RosterDifference,
  type RosterFailure,
  type RosterToRead,
  hasListed,
  keepRoster,
  keepRosterFailure,
  takeRoster,
} from '../data/lms/roster.ts'
import type { Reach } from '../reach.ts'
import { type Answer, type LmsFailure, askLms } from './lms-fetch.ts'
import { serviceToken } from './service-token.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const SCOPE = 'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly'
const MEDIA_TYPE = 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json'
const PAGE = 200
const MOST_PAGES = 100
/** Roles by their whole name or the short one that NRPS allows (§2.3); a sub-role counts by its principal one. */
const TEACHES = /^(?:http:\/\/purl\.imsglobal\.org\/vocab\/lis\/v2\/membership#)?Instructor$/
const LEARNS = /^(?:http:\/\/purl\.imsglobal\.org\/vocab\/lis\/v2\/membership#)?Learner$/

// Whoever is there has a number: one that is none would be somebody who never comes.
const userId = z.union([z.string(), z.number().transform(String)]).pipe(
  z
    .string()
    .min(1)
    .max(255)
    .refine((text) => !text.includes('\0')),
)

const page = z.object({
  members: z.array(
    z.looseObject({
      user_id: userId,
      roles: z.array(z.string()).default([]),
      status: z.enum(['Active', 'Inactive', 'Deleted']).catch('Active'),
    }),
  ),
})
type Member = z.infer<typeof page>['members'][number]

export type RosterParts = { pool: Pool; ring: KeyRing; reach: Reach; now(): Date }

export type RosterOutcome =
  | { read: RosterDifference }
  | { failed: RosterFailure }
  /** Somebody else reads it at this moment, or it has no list. */
  | { skipped: true }

/** @param lmsContextId our id of the LMS course. What goes wrong is kept, in words, and answered. */
export async function readRoster(parts: RosterParts, lmsContextId: string): Promise<RosterOutcome> {
  const { pool, now } = parts
  const taken = await takeRoster(pool, { lmsContextId, now: now() })
  if (!taken) return { skipped: true }
  const lists = await listsOf(parts, taken).catch((cause: unknown) => {
    const detail = whyOf(cause)
    return { failure: 'bad-answer', detail } satisfies LmsFailure
  })
  if ('failure' in lists) return fail(pool, lmsContextId, wordsOf(lists))
  // Not even who teaches: an LMS that lost its list, for now, sends nobody's class away.
  if (lists.members.length === 0 && (await hasListed(pool, lmsContextId)))
    return fail(pool, lmsContextId, { code: 'roster.nobody', params: {} })
  const read = { lmsContextId, ...lists, now: now() }
  return { read: await withTransaction(pool, (tx) => keepRoster(tx, read)) }
}

async function fail(
  pool: Pool,
  lmsContextId: string,
  failure: RosterFailure,
): Promise<RosterOutcome> {
  await keepRosterFailure(pool, { lmsContextId, failure })
  return { failed: failure }
}

type Lists = { members: Listed[]; restricted: Map<string, string[]> }

async function listsOf(parts: RosterParts, taken: RosterToRead): Promise<Lists | LmsFailure> {
  const platform = await ltiPlatform(parts.pool, taken.platform_id)
  const reader = { parts, platform, listUrl: taken.roster_url }
  const all = await membersAt(reader, taken.roster_url)
  if ('failure' in all) return all
  const members = listedIn(all)
  const restricted = new Map<string, string[]>()
  for (const activity of taken.activities) {
    const url = new URL(taken.roster_url)
    url.searchParams.set('rlid', activity.resourceLinkId)
    const some = await membersAt(reader, url.href)
    // A platform need not know `rlid`, and an activity may be gone there: the whole list holds for it.
    if ('failure' in some && (some.status === 400 || some.status === 404)) continue
    if ('failure' in some) return some
    const subs = new Set(listedIn(some).map((one) => one.sub))
    if (members.some((one) => !subs.has(one.sub))) restricted.set(activity.id, [...subs])
  }
  return { members, restricted }
}

/** Each once: who is listed as both teaches. People of other roles (guests, observers) are no members to us. */
function listedIn(members: Member[]): Listed[] {
  const found = new Map<string, boolean>()
  for (const { user_id: sub, roles, status } of members) {
    const isTeacher = roles.some((role) => TEACHES.test(role))
    if (status !== 'Active' || !(isTeacher || roles.some((role) => LEARNS.test(role)))) continue
    found.set(sub, isTeacher || found.get(sub) === true)
  }
  return [...found].map(([sub, isTeacher]) => ({ sub, isTeacher }))
}

type Reader = { parts: RosterParts; platform: LtiPlatform; listUrl: string }

async function membersAt(reader: Reader, first: string): Promise<Member[] | LmsFailure> {
  const members: Member[] = []
  const begin = new URL(first)
  begin.searchParams.set('limit', String(PAGE))
  let url: string | undefined = begin.href
  for (let pages = 0; url !== undefined; pages++) {
    if (pages === MOST_PAGES) return { failure: 'bad-answer', detail: `${first} has no last page` }
    const answer: Answer = await askWithToken(reader, url)
    if ('failure' in answer) return answer
    const read = page.safeParse(answer.json)
    if (!read.success) return { failure: 'bad-answer', detail: `${url} is no list of members` }
    members.push(...read.data.members)
    url = nextOf(answer.link, url)
    // Our token is for nobody else.
    if (url !== undefined && new URL(url).origin !== new URL(reader.listUrl).origin)
      return { failure: 'bad-answer', detail: `${first} goes on at another site` }
  }
  return members
}

/** `<address>; rel="next"` of a Link header (RFC 8288). */
function nextOf(link: string | undefined, base: string): string | undefined {
  for (const [, target = '', parameters = ''] of (link ?? '').matchAll(/<([^>]*)>([^<]*)/g))
    if (/;\s*rel="?(?:[^"]*\s)?next(?:\s[^"]*)?"?/i.test(parameters))
      return URL.canParse(target, base) ? new URL(target, base).href : undefined
  return undefined
}

/** A token may be taken back before its time: then a new one is asked for, once. */
async function askWithToken({ parts, platform }: Reader, url: string): Promise<Answer> {
  const ask = async (isFresh: boolean): Promise<Answer> => {
    const given = await serviceToken(parts, { platform, scopes: SCOPE, isFresh })
    if ('failure' in given) return given
    return askLms(parts.reach, url, { token: given.token, accept: MEDIA_TYPE })
  }
  const answer = await ask(false)
  return 'failure' in answer && answer.status === 401 ? ask(true) : answer
}

/** As its teacher reads it: whose turn it is, and no address. */
function wordsOf({ failure, status }: LmsFailure): RosterFailure {
  if (status === 401 || status === 403) return { code: 'roster.refused', params: {} }
  if (failure === 'no-answer') return { code: 'roster.no-answer', params: {} }
  if (failure === 'bad-answer' && status !== undefined)
    return { code: 'roster.status', params: { status } }
  if (failure === 'bad-answer') return { code: 'roster.bad-answer', params: {} }
  return { code: 'roster.unreachable', params: {} }
}
