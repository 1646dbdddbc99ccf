/**
 * Does a text name somebody who is known? Names in either order, with or without accents, as a mail address or a login
 * is made of them; mail addresses; identifiers of the LMS. Whole words only: `Marie` is no word of `mariean`.
 */

/** A number this short is an amount in some document sooner or later. */
const SHORTEST_NUMBER = 7
const SHORTEST_WORD = 4

export interface People {
  words: ReadonlySet<string>
  /** First and last name, in this order. */
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
  pairs.add(`${first} ${last}`)
  for (const joined of [first + last, last + first])
    if (joined.length >= SHORTEST_WORD) words.add(joined)
  // All of a longer name, or an identifier in parts: its neighbours name it, too.
  if (parts.some((part) => /\d/.test(part))) return
  for (let i = 1; i < parts.length; i++) pairs.add(`${parts[i - 1]} ${parts[i]}`)
}

/** An identifier in more parts than this is no identifier. */
const MOST_PARTS = 8

/** The last name first is a name with a comma, or as one word: prose has `one student` who is no Student One. */
const TURNED = /^(,\s*|[._-])$/

export function namesSomebody(line: string, { words, pairs }: People): boolean {
  const text = plainText(line)
  const parts = [...text.matchAll(WORD)].map((found) => ({ word: found[0], at: found.index }))
  return parts.some(({ word, at }, i) => {
    const next = parts[i + 1]
    if (next !== undefined) {
      if (pairs.has(`${word} ${next.word}`)) return true
      const between = text.slice(at + word.length, next.at)
      if (TURNED.test(between) && pairs.has(`${next.word} ${word}`)) return true
    }
    return isIdentifier(text, parts.slice(i, i + MOST_PARTS), words)
  })
}

/** Identifiers and addresses have dots, dashes and at signs inside; a blank ends them. */
const INSIDE = /^[.@_+-]$/

function isIdentifier(
  text: string,
  parts: { word: string; at: number }[],
  words: ReadonlySet<string>,
): boolean {
  let joined = ''
  let end = parts[0]?.at ?? 0
  for (const { word, at } of parts) {
    if (joined !== '' && !INSIDE.test(text.slice(end, at))) return false
    joined += word
    if (words.has(joined)) return true
    end = at + word.length
  }
  return false
}

/** Without accents and capitals. */
const plainText = (text: string): string =>
  text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

const WORD = /[\p{L}\p{N}]+/gu

const wordsOf = (plain: string): string[] => plain.match(WORD) ?? []
