/**
 * How we ask an LMS something over HTTP, inside the fence of reach.ts: no redirect, bounded in time and size.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { PrivateAddress, type Reach, guardedLookup, privateAddress, refusedUrl } from '../reach.ts'

const ANSWER_MS = 10_000
const ANSWER_BYTES = 512 * 1024

export type LmsFailure = {
  failure: 'plain-http' | 'private-address' | 'no-answer' | 'bad-answer'
  detail: string
  /** Of an answer that is none of success. */
  status?: number
}

/** `link` is the header of this name (RFC 8288): where the next page is. */
export type Answer = { json: unknown; link?: string } | LmsFailure

type Question = {
  token?: string | undefined
  /** The media type asked for; `application/json` unless said. */
  accept?: string
  json?: unknown
  form?: Record<string, string>
}

/** GETs JSON, or POSTs `json` or a `form` and reads JSON; every way it can fail is an answer. */
export async function askLms(reach: Reach, url: string, question: Question = {}): Promise<Answer> {
  const refused = refusedUrl(reach, url)
  if (refused) return refused
  try {
    const response = await send(reach, new URL(url), question)
    return await readAnswer(response, url)
  } catch (error) {
    if (error instanceof PrivateAddress) return privateAddress(url)
    return { failure: 'no-answer', detail: `${url}: ${String(error)}` }
  }
}

function send(reach: Reach, url: URL, question: Question): Promise<IncomingMessage> {
  const { type, body } = bodyOf(question)
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: question.accept ?? 'application/json',
        'user-agent': 'labplan',
        ...(body !== undefined && {
          'content-type': type,
          'content-length': Buffer.byteLength(body),
        }),
        ...(question.token && { authorization: `Bearer ${question.token}` }),
      },
      lookup: guardedLookup(reach),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    outgoing.on('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function bodyOf({ json, form }: Question): { type: string; body: string | undefined } {
  if (form)
    return {
      type: 'application/x-www-form-urlencoded',
      body: new URLSearchParams(form).toString(),
    }
  return { type: 'application/json', body: json === undefined ? undefined : JSON.stringify(json) }
}

async function readAnswer(response: IncomingMessage, url: string): Promise<Answer> {
  const text = await readText(response)
  const status = response.statusCode ?? 0
  if (text === undefined) return { failure: 'bad-answer', detail: `${url} sent too much` }
  if (status < 200 || status > 299)
    return {
      ...{ failure: 'bad-answer', detail: `${url} answered ${status}: ${text.slice(0, 300)}` },
      status,
    }
  const { link } = response.headers
  try {
    return { json: JSON.parse(text), ...(typeof link === 'string' && { link }) }
  } catch {
    return { failure: 'bad-answer', detail: `${url} did not answer JSON` }
  }
}

async function readText(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
