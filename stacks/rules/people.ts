/**
 * Does a text name somebody who is known? Names in either order, with or without accents, as a mail address or a login
 * is made of them; mail addresses; identifiers of the LMS. Whole words only: `Marie` is no word of `mariean`.
 */

/** A number this short is an amount in some document sooner or later. */
const SHORTEST_NUMBER = 7
const SHORTEST_WORD = 4

export interface People {
  words: ReadonlySet<string>
  /** Two words side by side, in the order of the alphabet. */
  pairs: ReadonlySet<string>
}

/** @param texts display names, mail addresses, identifiers, in any order */
export function peopleOf(texts: Iterable<string>): People {
  const words = new Set<string>()
  const pairs = new Set<string>()
  for (const text of texts) {
    const plain = plainText(text)
    const parts = wordsOf(plain)
    const whole = parts.join('')
    const isNumber = /^\d+$/.test(whole)
    if (isNumber && whole.length < SHORTEST_NUMBER) continue
    if (parts.length === 1 && whole.length >= SHORTEST_WORD) words.add(whole)
    if (parts.length < 2) continue
    addName(plain.includes('@') ? wordsOf(plain.split('@')[0] ?? '') : parts, words, pairs)
    words.add(whole)
  }
  return { words, pairs }
}

/** First and last word of a name: alone each is a word like others. */
function addName(parts: string[], words: Set<string>, pairs: Set<string>): void {
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length < 2) {
    // The local part of an address is a login, unless it is a word of everyday use.
    if (first.length >= SHORTEST_WORD && /\d/.test(first)) words.add(first)
    return
  }
  pairs.add(pairOf(first, last))
  for (const joined of [first + last, last + first])
    if (joined.length >= SHORTEST_WORD) words.add(joined)
  // All of a longer name, or an identifier in parts: its neighbours name it, too.
  if (parts.some((part) => /\d/.test(part))) return
  for (let i = 1; i < parts.length; i++) pairs.add(pairOf(parts[i - 1] ?? '', parts[i] ?? ''))
}

const pairOf = (one: string, other: string): string =>
  one < other ? `${one} ${other}` : `${other} ${one}`

/** An identifier in more parts than this is no identifier. */
const MOST_PARTS = 8

export function namesSomebody(line: string, { words, pairs }: People): boolean {
  const parts = wordsOf(plainText(line))
  return parts.some((part, i) => {
    const next = parts[i + 1]
    if (next !== undefined && pairs.has(pairOf(part, next))) return true
    // Identifiers and addresses have dots, dashes and at signs inside.
    let joined = ''
    return parts.slice(i, i + MOST_PARTS).some((one) => words.has((joined += one)))
  })
}

/** Without accents and capitals. */
const plainText = (text: string): string =>
  text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

const wordsOf = (plain: string): string[] => plain.match(/[\p{L}\p{N}]+/gu) ?? []
