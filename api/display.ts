/**
 * How a course shows the ways into a seat: which ports, in which order and under which name; and tokens in texts and links,
 * `{{user}}`, filled in for one student. Pure; what comes out is text, never markup.
 */
import { linkSchemes } from '../stacks/schema-display.ts'
import type { Display, PortKind, Text } from '../stacks/terms.ts'

type Shown = { name: string; kind: PortKind; title: Text }

/** Those that are shown, under their names here; without what the course says, as the environment has them. */
export function arrangePorts<Port extends Shown>(
  ports: Port[],
  { ports: said }: Pick<Display, 'ports'>,
): (Port & { isRenamed: boolean })[] {
  const place = (name: string) => {
    const at = said.findIndex((one) => one.name === name)
    return at < 0 ? said.length : at
  }
  return ports
    .toSorted((a, b) => place(a.name) - place(b.name))
    .filter(({ name }) => said.find((one) => one.name === name)?.shown !== false)
    .map((port) => {
      const title = said.find((one) => one.name === port.name)?.title
      return { ...port, title: title ?? port.title, isRenamed: title !== undefined }
    })
}

/** Names without braces: `user`, `password`, `host`, `seat`, and `port:NAME` of what is no web page. */
export function tokenNames(ports: Pick<Shown, 'name' | 'kind'>[]): string[] {
  const own = ports.filter(({ kind }) => kind !== 'web').map(({ name }) => `port:${name}`)
  return ['user', 'password', 'host', 'seat', ...own]
}

/** As another product's texts have it, besides our own. */
const aliases: Record<string, string> = { username: 'user' }
const TOKEN = /\{\{\s*([\w:-]+)\s*\}\}/g

export type Part = { text: string } | { token: string }

/** A text in parts: what stands there, and the names of tokens, in lower case. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = []
  let from = 0
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) parts.push({ text: text.slice(from, match.index) })
    const name = match[1]!.toLowerCase()
    parts.push({ token: aliases[name] ?? name })
    from = match.index + match[0].length
  }
  if (from < text.length) parts.push({ text: text.slice(from) })
  return parts
}

/** Tokens of a text that mean nothing here. */
export const unknownTokens = (text: string, known: string[]): string[] =>
  partsOf(text).flatMap((part) =>
    'token' in part && !known.includes(part.token) ? [part.token] : [],
  )

/** @returns undefined for what is no address of a kind that can be opened, or has a token without a value */
export function fillLink(text: string, values: ReadonlyMap<string, string>): string | undefined {
  const parts = partsOf(text).map((part) => {
    if ('text' in part) return part.text
    // No link carries the password: addresses are kept in histories and sent to others.
    const value = part.token === 'password' ? undefined : values.get(part.token)
    return value === undefined ? undefined : encodeURIComponent(value)
  })
  if (parts.includes(undefined)) return undefined
  const url = URL.parse(parts.join(''))
  const isOpenable = linkSchemes.some((scheme) => url?.protocol === `${scheme}:`)
  return isOpenable ? url?.href : undefined
}
