/** What a forge's readers are told of a change: the request's text, the commit's status, what became of it. */
import { waitingFor } from '../../api/data/changes/approval.ts'
import { policyInForce } from '../../api/data/courses/documents.ts'
import { findChange } from '../../api/data/changes/change.ts'
import { reviewOf } from '../../api/data/changes/change-review.ts'
import { defaultTimeZone } from '../../api/data/courses/course.ts'
import type { Pool } from '../../api/data/db.ts'
import type { CommitStatus, EndedRequest, OfferedChange } from '../../api/data/changes/forge.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { leaksIn } from '../../api/data/people/known-people.ts'
import { diffText } from '../../stacks/rules/diff-text.ts'
import type { Missing } from '../../stacks/rules/gate.ts'
import { ForgeAway } from './forge-call.ts'
import type { Words } from './forge.ts'

type Teller = { pool: Pool; ring: KeyRing; config: { publicUrl: string }; now: () => Date }

const MOST_LINES = 40
/** GitHub takes no more of a status. */
const MOST_STATUS = 140
/** Whoever merges in Git. */
const GIT = 'git'

const pageOf = ({ config }: Teller, changeId: string): string =>
  `${config.publicUrl}/admin/changes/${changeId}`

/** In English, like all that is in Git. Throws ForgeAway when it names somebody. */
export async function requestWords(teller: Teller, change: OfferedChange): Promise<Words> {
  const { pool, ring, now } = teller
  const review = await reviewOf(pool, { id: change.id, ring, now: now() })
  const timeZone = await defaultTimeZone(pool)
  const naming = {
    timeZone,
    courseTitle: (key: string) => review?.titles.courses.get(key),
    poolTitle: (key: string) => review?.titles.pools.get(key),
  }
  const differs = review ? diffText(review.difference, 'en', naming) : []
  const why = (review?.change.rules ?? []).map((rule) => `${rule.title.en} (${rule.key})`)
  const body = [
    `Change \`${change.id}\`, compiled with all that is approved.`,
    ...part('Why it waits', why),
    ...part('What changes', differs),
    '',
    `To merge this into main is to approve commit ${change.commit}: by a merge commit or a fast-forward. Squashed or rebased it is another commit, and approves nothing.`,
    '',
    `Capacity, prices and Terraform's plan: ${pageOf(teller, change.id)}`,
  ].join('\n')
  const leaks = await leaksIn(pool, [{ name: 'request', text: `${change.title}\n${body}` }])
  if (leaks.length > 0)
    throw new ForgeAway('A request names a person, or holds what looks like a secret: not said.')
  return { title: `Labplan: ${change.title}`.slice(0, 250), body }
}

/** As text that is no markup: a title that people wrote mentions nobody, and closes nothing. */
function part(title: string, lines: string[]): string[] {
  if (lines.length === 0) return []
  const more = lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more`] : []
  const shown = [...lines.slice(0, MOST_LINES), ...more].map((line) =>
    line.replaceAll(/[\r\n]+/g, ' ').replaceAll('`', "'"),
  )
  return ['', `**${title}**`, '', '```text', ...shown, '```']
}

/** Green when a merge approves, or counts; amber when others than who merges are asked. */
export async function statusOf(teller: Teller, offered: OfferedChange): Promise<CommitStatus> {
  const { pool, ring, now } = teller
  const { commit } = offered
  const change = await findChange(pool, offered.id)
  const waiting = change
    ? await waitingFor(pool, ring, change, await policyInForce(pool), now())
    : undefined
  const missing = waiting?.missing ?? []
  const isForGit = missing.every(({ by }) => by.includes(GIT))
  return {
    ...{ commit, state: isForGit ? 'success' : 'pending', address: pageOf(teller, offered.id) },
    description: (isForGit ? mergeText(missing) : `Waits for ${othersText(missing)}.`).slice(
      ...[0, MOST_STATUS],
    ),
  }
}

function mergeText(missing: Missing[]): string {
  const most = Math.max(0, ...missing.map((one) => one.count))
  return most > 1
    ? `It compiles. A merge counts as one of ${most} approvals.`
    : 'It compiles. A merge approves it.'
}

const othersText = (missing: Missing[]): string =>
  missing
    .filter(({ by }) => !by.includes(GIT))
    .map(({ count, by }) => `${count} of ${by.join(', ')}`)
    .join(' and ')

/** The reason of a rejection was written for who proposed it, and may name people: it stays here. */
export function endedText(teller: Teller, id: string, ended: EndedRequest['ended']): string {
  const page = pageOf(teller, id)
  if (ended === 'approved') return `Approved, and on main. ${page}`
  if (ended === 'rejected') return `Rejected; why stands on its page: ${page}`
  return `Another change took its place: ${page}`
}

/** The first line of a note on what somebody pushed, as a status; `more` says where a change of it waits. */
export function pushedStatus(commit: string, note: string): CommitStatus {
  const [first = '', second = ''] = note.split('\n')
  const isTaken = !/^(Not taken|Denied)/.test(first)
  const isWaiting = first.startsWith('Waits')
  const state = isWaiting ? 'pending' : isTaken ? 'success' : 'failure'
  const text = state === 'failure' && second !== '' ? second : first
  return { commit, state, description: text.slice(0, MOST_STATUS), address: null }
}
