/** Notices by mail: one SMTP server, a few connections, everything bounded in time. */
import { readFileSync } from 'node:fs'
import nodemailer from 'nodemailer'
import type { Config } from '../../api/config.ts'
import type { MailText } from '../../api/notice-text.ts'

/** How a try ended: `again` says whether another one may end better. */
export type Sent = { ok: true; message: string } | { ok: false; message: string; again: boolean }

export type Mail = MailText & { id: string; to: string }
export type Mailer = { send(mail: Mail): Promise<Sent>; close(): void }

const CONNECT_MS = 10_000
const SILENCE_MS = 20_000

/** Undefined when no server is configured. */
export function openMailer(config: Config['notices']): Mailer | undefined {
  if (!config.smtpUrl) return undefined
  const server = serverOf(config)
  const transport = nodemailer.createTransport({
    ...server,
    pool: true,
    maxConnections: 2,
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    // What is sent is text of ours: nothing in it may make the library read a file or fetch an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = config.mailFrom.split('@')[1] ?? 'labplan.invalid'
  return {
    async send({ id, to, subject, text, html }) {
      try {
        const { response } = await transport.sendMail({
          from: { name: 'Labplan', address: config.mailFrom },
          to,
          subject,
          text,
          html,
          // The same at every try: a mail that was sent twice is shown once.
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        })
        return { ok: true, message: response }
      } catch (error) {
        return { ok: false, ...failureOf(error) }
      }
    },
    close: () => transport.close(),
  }
}

function serverOf(config: Config['notices']) {
  const url = new URL(config.smtpUrl ?? '')
  const isTls = url.protocol === 'smtps:'
  const user = decodeURIComponent(url.username)
  const pass = config.smtpPasswordFile
    ? readFileSync(config.smtpPasswordFile, 'utf8').trim()
    : decodeURIComponent(url.password)
  return {
    host: url.hostname,
    port: Number(url.port || (isTls ? 465 : 587)),
    secure: isTls,
    // Without a password STARTTLS is used where it is offered; with one it is asked for.
    ...(user && { auth: { user, pass }, requireTLS: true }),
  }
}

/** RFC 5321 §4.2.1: 5xx is a refusal that lasts, anything else may pass. A wrong password is repaired by people. */
function failureOf(error: unknown): { message: string; again: boolean } {
  const { responseCode, message } = error as { responseCode?: number; message?: string }
  const lasts = responseCode !== undefined && responseCode >= 500 && responseCode !== 535
  return { message: (message ?? String(error)).slice(0, 500), again: !lasts }
}
