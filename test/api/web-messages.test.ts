// The catalogue: nothing missing, nothing left over, the same parameters in both languages, spaced as in print.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { acceptedLocale, clock, day, lastDay, duration, moment, say } from '../../api/locale.ts'
import { catalogue } from '../../api/messages/catalogue.ts'

const root = join(import.meta.dirname, '..', '..')
const code = globSync('{api,workers}/**/*.ts', { cwd: root })
  .filter((path) => !path.startsWith('api/messages/'))
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n')

const formsOf = (text: string | { one: string; other: string }): string[] =>
  typeof text === 'string' ? [text] : [text.one, text.other]
const parametersOf = (text: string): string[] => [
  ...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')),
]

it('has every sentence that the pages name', () => {
  const named = [
    ...code.matchAll(/\b(?:t|say)\((?:visit\.locale, |locale, )?'([a-z][\w-]*\.[\w.-]+)'/g),
  ]
  const problems = [...code.matchAll(/'(problem\.[a-z-]+)'/g)]
  // What is sent has a first paragraph too.
  const notices = [...code.matchAll(/code: '(notice\.[a-z-]+)'/g)].flatMap(([, name]) => [
    ['', name],
    ['', `${name}.text`],
  ])
  const late = [...code.matchAll(/'(late\.[a-z_.-]+)'/g)]
  const codes = new Set([...named, ...problems, ...notices, ...late].map(([, name]) => name ?? ''))
  expect(codes.size).toBeGreaterThan(60)
  expect([...codes].filter((name) => !Object.hasOwn(catalogue, name))).toEqual([])
})

it('says the same with the same parameters in both languages', () => {
  const different = Object.entries(catalogue).filter(([, { en, fr }]) => {
    const english = new Set(formsOf(en).flatMap(parametersOf))
    const french = new Set(formsOf(fr).flatMap(parametersOf))
    return english.symmetricDifference(french).size > 0
  })
  expect(different.map(([name]) => name)).toEqual([])
})

it('writes each code once', () => {
  const files = globSync('api/messages/*.ts', { cwd: root })
  const names = files.flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^ {2}'([\w.-]+)':/gm)].map(([, n]) => n),
  )
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
})

it('counts as each language does: none is plural in English, singular in French', () => {
  const ahead = (locale: 'en' | 'fr', count: number) =>
    say(locale, 'workspace.queued.ahead', { count })
  expect([0, 1, 2].map((n) => ahead('en', n))).toEqual([
    '0 people are before you.',
    '1 person is before you.',
    '2 people are before you.',
  ])
  expect([1, 2].map((n) => ahead('fr', n))).toEqual([
    '1 personne est avant vous.',
    '2 personnes sont avant vous.',
  ])
})

it('breaks no French line before a colon', () => {
  expect(say('fr', 'door.copy', { what: 'x' })).toBe('Copier\u00a0: x')
})

it('picks the browser’s first language that we speak', () => {
  expect(acceptedLocale('de-DE,fr;q=0.7,en;q=0.8')).toBe('en')
  expect(acceptedLocale('fr-CH, fr;q=0.9, en;q=0.8')).toBe('fr')
  expect(acceptedLocale('de')).toBeUndefined()
  expect(acceptedLocale(undefined)).toBeUndefined()
})

it('says times in the course’s own zone, with the day when it is another', () => {
  const at = new Date('2026-11-24T23:30:00Z')
  const paris = 'Europe/Paris'
  expect(clock('fr', paris, at)).toBe('00:30')
  expect(moment('en', paris, at, new Date('2026-11-24T23:10:00Z'))).toBe('at 00:30')
  expect(moment('en', paris, at, new Date('2026-11-24T22:10:00Z'))).toBe(
    'on Wednesday 25 November at 00:30',
  )
  expect(moment('fr', paris, at, new Date('2026-11-24T22:10:00Z'))).toBe(
    'le mercredi 25 novembre à 00:30',
  )
})

it('calls the first of a month the first, in French', () => {
  const first = new Date('2026-12-01T09:00:00Z')
  expect(day('fr', 'Europe/Paris', first)).toBe('mardi 1er décembre')
  // What goes on until a midnight has the day before it as its last.
  const midnight = (day: string) => new Date(`${day}T22:00:00Z`)
  expect(lastDay('fr', 'Europe/Paris', midnight('2027-06-30'))).toBe('30 juin 2027')
  expect(lastDay('fr', 'Europe/Paris', midnight('2027-07-01'))).toBe('1er juil. 2027')
  expect(day('fr', 'Europe/Paris', new Date('2026-12-11T09:00:00Z'))).toBe('vendredi 11 décembre')
  expect(day('en', 'Europe/Paris', first)).toBe('Tuesday 1 December')
})

it('says how long in the two largest units', () => {
  const spaced = (text: string) => text.replaceAll('\u00a0', ' ')
  const minute = 60_000
  expect(
    [-5, 59_400, 59 * minute, 60 * minute, 61 * minute, 50 * 60 * minute].map((ms) =>
      spaced(duration('fr', ms)),
    ),
  ).toEqual(['0 s', '59 s', '59 min', '1 h 00', '1 h 01', '2 j'])
})
