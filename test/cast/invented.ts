/** People by the thousand, whose names are words of no language, and how to find them in whatever text. */
import { random } from '../campus/random.ts'
import type { Person } from './people.ts'

const syllables = [
  ...['ba', 'dré', 'kel', 'mo', 'nü', 'pri', 'so', 'ti', 'vau', 'zen', 'cha', 'gor', 'lym', 'quo'],
]

/** The same for a seed. Their number in the LMS is a number for one, an identifier of letters for the next. */
export function inventPeople(count: number, seed = 7): Person[] {
  const dice = random(seed)
  const name = () => capital(Array.from({ length: 4 }, () => dice.pick(syllables)).join(''))
  const digits = (length: number) => Array.from({ length }, () => dice.between(1, 9)).join('')
  return Array.from({ length: count }, (_, i) => {
    const [givenName, familyName] = [name(), name()]
    return {
      id: i % 2 === 0 ? digits(11) : `${plain(familyName)}${digits(5)}`,
      username: `invented${i}`,
      ...{ givenName, familyName, language: i % 3 === 0 ? 'fr' : 'en', siteAdmin: false },
      email: `${plain(givenName)}.${plain(familyName)}@school.example`,
    }
  })
}

const capital = (text: string) => text[0]?.toUpperCase() + text.slice(1)
const plain = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** Answers what of these people stands in a text: either name alone, joined, a mail address, a number of the LMS. */
export function finderOf(people: Person[]): (text: string) => string[] {
  const words = new Set(
    people.flatMap(({ id, givenName, familyName }) => {
      const [given, family] = [plain(givenName), plain(familyName)]
      return [given, family, given + family, family + given, id]
    }),
  )
  return (text) => [
    ...new Set((plain(text).match(/[a-z]+\d*|\d+/g) ?? []).filter((word) => isOne(words, word))),
  ]
}

const isOne = (words: Set<string>, word: string): boolean =>
  words.has(word) || words.has(word.replace(/\d+$/, ''))
