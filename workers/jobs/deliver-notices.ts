/**
 * Brings notices to people: makes the deliveries of new ones, and tries those that are due. A try is taken in
 * the record before it is made, so a worker that dies in between costs a wait and never a loss; at worst a
 * notice comes twice, under the same id.
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../../api/config.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  type DueDelivery,
  type InfraAddresses,
  MOST_ATTEMPTS,
  addressNotices,
  settleDelivery,
  takeDeliveries,
} from '../../api/data/notice.ts'
import { mailText } from '../../api/notice-text.ts'
import { reachFrom } from '../../api/reach.ts'
import { type Mailer, type Sent, openMailer } from '../notices/mail.ts'
import { type Webhook, postNotice } from '../notices/webhook.ts'

const AT_ONCE = 8

type Means = {
  pool: Pool
  config: Pick<Config, 'publicUrl' | 'installation' | 'notices'>
  now: () => Date
}

export type Notifier = { deliver(): Promise<void>; close(): void }

export function notifier(means: Means): Notifier {
  const { pool, config, now } = means
  const mailer = openMailer(config.notices)
  const webhook = webhookOf(means)
  const infra: InfraAddresses = [
    ...(mailer ? config.notices.infraMail : []).map((address) => ({
      channel: 'mail' as const,
      address,
    })),
    ...(config.notices.infraWebhook
      ? [{ channel: 'webhook' as const, address: config.notices.infraWebhook }]
      : []),
  ]
  return {
    async deliver() {
      const hasMail = mailer !== undefined
      await withTransaction(pool, (tx) => addressNotices(tx, { infra, hasMail, now: now() }))
      for (;;) {
        const due = await withTransaction(pool, (tx) =>
          takeDeliveries(tx, { limit: AT_ONCE, now: now() }),
        )
        await Promise.all(due.map((one) => tryOnce(means, { mailer, webhook }, one)))
        if (due.length < AT_ONCE) return
      }
    },
    close: () => mailer?.close(),
  }
}

function webhookOf({ config, now }: Means): Webhook | undefined {
  const { secretFile, networks } = config.notices
  if (!secretFile) return undefined
  const secret = readFileSync(secretFile, 'utf8').trim()
  if (secret.length < 16)
    throw new Error(`The secret in ${secretFile} is shorter than 16 characters.`)
  const reach = reachFrom({ publicUrl: config.publicUrl, networks })
  return { reach, secret, installation: config.installation, now }
}

type Ways = { mailer: Mailer | undefined; webhook: Webhook | undefined }

async function tryOnce({ pool, config, now }: Means, ways: Ways, due: DueDelivery): Promise<void> {
  const sent = await send(ways, due, config.publicUrl)
  const goesOn = !sent.ok && sent.again && due.attempts < MOST_ATTEMPTS
  const state = sent.ok ? 'sent' : goesOn ? 'waiting' : 'failed'
  await withTransaction(pool, (tx) =>
    settleDelivery(tx, { id: due.id, state, message: sent.message, now: now() }),
  )
}

async function send(ways: Ways, due: DueDelivery, publicUrl: string): Promise<Sent> {
  const { address, notice, locale } = due
  const never = (message: string): Sent => ({ ok: false, again: false, message })
  if (!address) return never('has no address any more')
  if (due.channel === 'webhook')
    return ways.webhook
      ? postNotice(ways.webhook, { url: address, deliveryId: due.id, notice })
      : never('no secret to sign with: set LABPLAN_NOTICE_SECRET_FILE')
  const text = mailText(notice, { locale, reader: due.reader, publicUrl })
  return ways.mailer
    ? ways.mailer.send({ ...text, id: due.id, to: address })
    : never('no mail server: set LABPLAN_SMTP_URL')
}
