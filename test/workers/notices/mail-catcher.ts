/** A real SMTP server and a real HTTP listener on loopback, which keep what they are sent. */
import { once } from 'node:events'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type CaughtMail = { from: string; to: string[]; raw: string }

export type MailCatcher = {
  url: string
  mails: CaughtMail[]
  /** The next recipients are refused with these codes, one each. */
  refuse(...codes: number[]): void
  close(): Promise<void>
}

export async function catchMail(): Promise<MailCatcher> {
  const mails: CaughtMail[] = []
  const refusals: number[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onRcptTo(_address, _session, callback) {
      const responseCode = refusals.shift()
      if (responseCode === undefined) return callback()
      callback(Object.assign(new Error('No such mailbox here'), { responseCode }))
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
        })
        callback()
      })
    },
  })
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    refuse: (...codes) => void refusals.push(...codes),
    close: () => new Promise((done) => server.close(() => done())),
  }
}

export type Posted = { path: string; headers: IncomingHttpHeaders; body: string }

export type HookCatcher = {
  url: string
  posts: Posted[]
  /** What the next calls are answered; 204 after that. */
  answer(...statuses: number[]): void
  forget(): void
  close(): Promise<void>
}

export async function catchHooks(): Promise<HookCatcher> {
  const posts: Posted[] = []
  const statuses: number[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const { url = '', headers } = request
    posts.push({ path: url, headers, body: Buffer.concat(chunks).toString('utf8') })
    const status = statuses.shift() ?? 204
    response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    posts,
    forget: () => void (posts.length = statuses.length = 0),
    answer: (...next) => void statuses.push(...next),
    close: () => new Promise((done) => server.close(() => done())),
  }
}
