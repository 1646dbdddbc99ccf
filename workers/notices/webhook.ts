/**
 * Notices by webhook: JSON by POST, signed with HMAC-SHA256 over `TIME.BODY`, so that whoever receives it knows
 * that it is ours and not an old one sent again. Within the fence of api/reach.ts.
 */
import { createHmac } from 'node:crypto'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Notice } from '../../api/data/notice.ts'
import { noticeText } from '../../api/notice-text.ts'
import { PrivateAddress, type Reach, guardedLookup, refusedUrl } from '../../api/reach.ts'
import type { Sent } from './mail.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

const ANSWER_MS = 10_000

export type Webhook = {
  reach: Reach
  installation: string
  secret: string
  now: () => Date
}

export async function postNotice(
  hook: Webhook,
  to: { url: string; deliveryId: string; notice: Notice },
): Promise<Sent> {
  const refused = refusedUrl(hook.reach, to.url)
  if (refused)
    return { ok: false, again: false, message: sentences[refused.failure](refused.detail) }
  const body = webhookBody(hook.installation, to)
  try {
    const status = await post(hook, to.url, body)
    const message = `answered ${status}`
    if (status >= 200 && status < 300) return { ok: true, message }
    return { ok: false, message, again: status >= 500 || status === 408 || status === 429 }
  } catch (error) {
    if (error instanceof PrivateAddress)
      return { ok: false, again: false, message: sentences['private-address'](error.message) }
    const why = whyOf(error)
    return { ok: false, again: true, message: `no answer: ${why}`.slice(0, 500) }
  }
}

const sentences = {
  'plain-http': (what: string) => `${what} is not https`,
  'private-address': (what: string) =>
    `${what} is in a private network that LABPLAN_NOTICE_NETWORKS does not list`,
  'bad-answer': (what: string) => what,
}

/** What is posted: the code for programs, the words for people. */
export function webhookBody(
  installation: string,
  { deliveryId, notice }: { deliveryId: string; notice: Notice },
): string {
  return JSON.stringify({
    id: notice.id,
    delivery: deliveryId,
    installation,
    code: notice.code,
    params: notice.params,
    lines: notice.lines,
    course: notice.course_key,
    session: notice.session_key,
    sentAt: notice.created_at,
    text: { en: noticeText(notice, 'en'), fr: noticeText(notice, 'fr') },
  })
}

/** `t=SECONDS,v1=HEX` */
export function signature(secret: string, body: string, now: Date): string {
  const time = Math.floor(now.getTime() / 1000)
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`
}

/** Answers the status; redirects are not followed, and what the other side says is not read. */
function post(hook: Webhook, address: string, body: string): Promise<number> {
  const url = new URL(address)
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'labplan',
        'labplan-signature': signature(hook.secret, body, hook.now()),
      },
      lookup: guardedLookup(hook.reach),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    outgoing.on('response', (response) => {
      response.destroy()
      resolve(response.statusCode ?? 0)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
