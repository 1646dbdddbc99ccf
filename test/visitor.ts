/** A browser without a browser: cookies, redirects and forms over HTTP, for tests and benches. */
import { request } from 'node:http'
import { type HttpAnswer, ask } from './lms/http.ts'

export type Page = HttpAnswer & { url: string }

export class Visitor {
  #cookies = new Map<string, Map<string, string>>()

  /** GET, following redirects on the way as a browser would. */
  get(url: string): Promise<Page> {
    return this.#follow(url)
  }

  /** POST a form, from its own page: with the Origin a browser sends. Redirects become GETs. */
  post(url: string, form: Record<string, string>, origin = new URL(url).origin): Promise<Page> {
    return this.#follow(url, { form, origin })
  }

  /** One question, no redirect followed. */
  async once(url: string, sent?: { form: Record<string, string>; origin: string }): Promise<Page> {
    const host = new URL(url).host
    const headers: Record<string, string> = { accept: 'text/html', 'accept-language': 'en' }
    const cookies = [...(this.#cookies.get(host) ?? [])].map(([name, value]) => `${name}=${value}`)
    if (cookies.length) headers['cookie'] = cookies.join('; ')
    if (sent) headers['origin'] = sent.origin
    const answer = await ask(url, { headers, ...(sent && { form: sent.form }) })
    this.#keep(host, answer.cookies)
    return { ...answer, url }
  }

  /** Takes cookies a server set on somebody else's question. */
  adopt(url: string, cookies: string[]): void {
    this.#keep(new URL(url).host, cookies)
  }

  /** A page's event stream (http only). `next` resolves with the data of the first event that fits. */
  async events(url: string): Promise<EventStream> {
    const { host, port, pathname } = new URL(url)
    const cookie = [...(this.#cookies.get(host) ?? [])]
      .map(([name, value]) => `${name}=${value}`)
      .join('; ')
    return openEvents({
      port,
      path: pathname,
      headers: { host, cookie, accept: 'text/event-stream' },
    })
  }

  async #follow(
    url: string,
    sent?: { form: Record<string, string>; origin: string },
  ): Promise<Page> {
    let page = await this.once(url, sent)
    for (let hops = 0; hops < 8 && page.status >= 300 && page.status < 400; hops++)
      page = await this.once(new URL(String(page.headers['location']), page.url).href)
    return page
  }

  #keep(host: string, cookies: string[]): void {
    const jar = this.#cookies.get(host) ?? new Map<string, string>()
    for (const cookie of cookies) {
      const at = cookie.indexOf('=')
      jar.set(cookie.slice(0, at), cookie.slice(at + 1))
    }
    this.#cookies.set(host, jar)
  }
}

export type EventStream = { next(fits: (data: string) => boolean): Promise<string>; close(): void }

const EVENT_LIMIT_MS = 90_000

function openEvents(to: {
  port: string
  path: string
  headers: Record<string, string>
}): Promise<EventStream> {
  const seen: string[] = []
  const waiting = new Set<() => void>()
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', ...to }, (answer) => {
      if (answer.statusCode !== 200)
        return reject(new Error(`${to.path} answered ${answer.statusCode}`))
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        const events = (text += chunk).split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) seen.push(dataOf(event))
        for (const look of waiting) look()
      })
      resolve({ next: (fits) => nextEvent(seen, waiting, fits), close: () => call.destroy() })
    })
    call.on('error', reject)
    call.end()
  })
}

const dataOf = (event: string): string =>
  event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n')

function nextEvent(
  seen: string[],
  waiting: Set<() => void>,
  fits: (data: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => end(() => reject(new Error('No such event came in time.'))),
      EVENT_LIMIT_MS,
    )
    const look = () => {
      const found = seen.find(fits)
      if (found !== undefined) end(() => resolve(found))
    }
    const end = (settle: () => void) => {
      clearTimeout(late)
      waiting.delete(look)
      settle()
    }
    waiting.add(look)
    look()
  })
}

export type Form = { action: string; fields: Record<string, string> }

/** The forms of a page with their hidden fields; the entities our pages write are read back. */
export function formsOf(page: Pick<Page, 'text' | 'url'>): Form[] {
  return [...page.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(
    ([, attributes = '', inside = '']) => {
      const fields: Record<string, string> = {}
      for (const [, input = ''] of inside.matchAll(/<(?:input|button)\b([^>]*)>/g)) {
        const name = attributeOf(input, 'name')
        const isLeftOut = /type="(radio|checkbox)"/.test(input) && !/\bchecked\b/.test(input)
        if (name && !isLeftOut) fields[name] = attributeOf(input, 'value') ?? ''
      }
      return { action: new URL(attributeOf(attributes, 'action') ?? '', page.url).href, fields }
    },
  )
}

/** The one form that posts to an address ending so. */
export function formTo(page: Pick<Page, 'text' | 'url'>, ending: string | RegExp): Form {
  const fits = (action: string) =>
    typeof ending === 'string' ? action.endsWith(ending) : ending.test(action)
  const found = formsOf(page).find((form) => fits(form.action))
  if (!found)
    throw new Error(`No form posts to ${ending} on ${page.url}:\n${page.text.slice(0, 2000)}`)
  return found
}

function attributeOf(tag: string, name: string): string | undefined {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return value
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
