/**
 * Brings notices to people: makes the deliveries of new ones, and tries those that are due. A try is taken in
 * the record before it is made, so a worker that dies in between costs a wait and never a loss; at worst a
 * notice comes twice, under the same id. What goes wrong with one keeps no other.
 */
import { readFileSync } from 'node:fs'
import type { Config } from '../../api/config.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import {
  type DueDelivery,
  type InfraAddresses,
  MOST_ATTEMPTS,
  addressNotice,
  noticesToAddress,
  settleDelivery,
  takeDeliveries,
} from '../../api/data/notice.ts'
import { mailText } from '../../api/notice-text.ts'
import { reachFrom } from '../../api/reach.ts'
import { type Mailer, type Sent, openMailer } from '../notices/mail.ts'
import { type Webhook, postNotice } from '../notices/webhook.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'
import { type Steps, passSteps } from './pass-steps.ts'

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
      const steps = passSteps(means)
      const hasMail = mailer !== undefined
      for (const { id, code } of await noticesToAddress(pool))
        await steps.take(
          `Notice ${id} (${code}): nobody could be addressed.`,
          () =>
            withTransaction(pool, (tx) => addressNotice(tx, { id, infra, hasMail, now: now() })),
          undefined,
        )
      for (;;) {
        const due = await withTransaction(pool, (tx) =>
          takeDeliveries(tx, { limit: AT_ONCE, now: now() }),
        )
        await Promise.all(due.map((one) => tryOnce(means, steps, { mailer, webhook }, one)))
        if (due.length < AT_ONCE) return steps.end()
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

async function tryOnce(means: Means, steps: Steps, ways: Ways, due: DueDelivery): Promise<void> {
  const { pool, config, now } = means
  const named = `Notice ${due.notice.id} (${due.notice.code})`
  let sent: Sent = never('')
  const trySending = async () => {
    try {
      sent = await send(ways, due, config.publicUrl)
    } catch (error) {
      // What was tried of a channel is answered: this is of the notice, and the next try would end the same way.
      sent = never(`it could not be put into words: ${whyOf(error)}`.slice(0, 500))
      throw error
    }
  }
  const settle = () => {
    const goesOn = !sent.ok && sent.again && due.attempts < MOST_ATTEMPTS
    const state = sent.ok ? 'sent' : goesOn ? 'waiting' : 'failed'
    return withTransaction(pool, (tx) =>
      settleDelivery(tx, { id: due.id, state, message: sent.message, now: now() }),
    )
  }
  await steps.take(
    `${named}: it could not be put into words, and is given up.`,
    trySending,
    undefined,
  )
  await steps.take(`${named}: what became of it could not be noted.`, settle, undefined)
}

const never = (message: string): Sent => ({ ok: false, again: false, message })

async function send(ways: Ways, due: DueDelivery, publicUrl: string): Promise<Sent> {
  const { address, notice, locale } = due
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
