// HTTP towards the tool. Node's fetch asks the system's resolver, which on many machines does not know
// `*.localhost`; browsers always take those names for loopback (RFC 6761), so this does too.
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

const timeoutMs = 15_000

export type HttpAnswer = {
  status: number
  headers: Record<string, string | string[] | undefined>
  /** Cookies as `name=value`, ready to be sent back. */
  cookies: string[]
  text: string
}

export type HttpQuestion = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  form?: Record<string, string>
  body?: string
}

/**
 * Asks once, follows no redirect. Throws when nobody answers in 15 s. Each over a connection of its own: a test that runs a command
 * meanwhile reads too late that the server has closed an idle one, and its next question would be lost on it.
 */
export function ask(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const send = new URL(url).protocol === 'https:' ? requestHttps : requestHttp
  const body = question.form ? new URLSearchParams(question.form).toString() : question.body
  const headers: Record<string, string> = { ...question.headers }
  if (question.form) headers['content-type'] = 'application/x-www-form-urlencoded'
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  const method = question.method ?? (body === undefined ? 'GET' : 'POST')
  return new Promise((resolve, reject) => {
    const options = { method, headers, lookup: lookupLoopback, timeout: timeoutMs, agent: false }
    const outgoing = send(url, options)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} did not answer in time`)))
    outgoing.on('error', (cause) => reject(new Error(`Could not ask ${url}`, { cause })))
    outgoing.on('response', (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          cookies: cookiePairs(answer.headers['set-cookie']),
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      )
    })
    outgoing.end(body)
  })
}

const lookupLoopback: LookupFunction = (hostname, options, callback) => {
  if (!hostname.endsWith('.localhost')) return lookup(hostname, options, callback)
  const address = '127.0.0.1'
  if (options.all) return callback(null, [{ address, family: 4 }])
  return callback(null, address, 4)
}

function cookiePairs(setCookies: string[] | undefined): string[] {
  return (setCookies ?? []).flatMap((line) => {
    const pair = line.split(';')[0]?.trim() ?? ''
    return pair.endsWith('=') ? [] : [pair]
  })
}
