/**
 * What do notes say? The only place with sentences: pure data in both languages, and the function
 * that fills them. `{name}` is a parameter; amounts, seats and times are written as people do.
 */
import type { Note, NoteValue, Text } from '../terms.ts'
import { formatWall, parseInstant, wallOf } from './clock.ts'

export type Language = 'fr' | 'en'

/** How the reader wants things named. Keys are shown where no title is known. */
export interface Naming {
  timeZone: string
  courseTitle?: (key: string) => Text | undefined
  poolTitle?: (key: string) => Text | undefined
}

export const sentences: Record<string, Text> = {
  'unknown-zone': {
    fr: 'L’établissement « {zone} » du cours n’existe pas.',
    en: 'The course’s institution “{zone}” does not exist.',
  },
  'unknown-pool': {
    fr: 'Les machines « {pool} » demandées par le cours n’existent pas. Choisissez parmi : {known}.',
    en: 'The machines “{pool}” the course asks for do not exist. Choose from: {known}.',
  },
  'unknown-environment': {
    fr: 'L’environnement « {environment} » n’existe pas.',
    en: 'The environment “{environment}” does not exist.',
  },
  'environment-not-built': {
    fr: 'L’environnement « {environment} » n’est pas encore construit : construisez-le avant la première séance.',
    en: 'The environment “{environment}” is not built yet: build it before the first session.',
  },
  'duplicate-course': {
    fr: 'Deux cours s’appellent « {key} » : donnez un autre nom à l’un d’eux.',
    en: 'Two courses are called “{key}”: rename one of them.',
  },
  'unknown-group': {
    fr: 'La séance demande le groupe « {group} », que le cours ne connaît pas.',
    en: 'The session asks for group “{group}”, which the course does not know.',
  },
  'course-draft': {
    fr: 'Ce cours est un brouillon : rien n’est préparé.',
    en: 'This course is a draft: nothing is prepared.',
  },
  'course-archived': {
    fr: 'Ce cours est archivé : plus aucune séance, les fichiers restent jusqu’à leur date.',
    en: 'This course is archived: no more sessions; files are kept until their date.',
  },
  'no-sessions': {
    fr: 'Ce cours n’a aucune séance.',
    en: 'This course has no sessions.',
  },
  'class-on-holiday': {
    fr: 'Pas de séance le {wall} : {holiday}.',
    en: 'No session on {wall}: {holiday}.',
  },
  'exception-matches-nothing': {
    fr: 'L’exception du {wall} ne correspond à aucune séance de la série.',
    en: 'The exception on {wall} matches no session of the series.',
  },
  'clock-changes': {
    fr: 'L’heure change pendant la séance du {wall} : sa durée reste celle prévue.',
    en: 'The clock changes during the session on {wall}: its length stays as planned.',
  },
  'no-personal-volume': {
    fr: 'Les étudiants n’ont pas leur dossier personnel ici : les machines {pool} n’ont pas de stockage (« local », « nfs », « cephfs », « manila »), et lui seul en donne.',
    en: 'Students do not have their personal folder here: pool {pool} has no storage (“local”, “nfs”, “cephfs”, “manila”), which alone gives it.',
  },
  'whole-gib': {
    fr: 'Le disque de chaque étudiant sera de {givenMb} Mo et non de {askedMb} : le nuage des machines {pool} garde les fichiers par Gio entiers.',
    en: 'The disk of each student will be of {givenMb} MB, not {askedMb}: the cloud of pool {pool} keeps files in whole GiB.',
  },
  'files-elsewhere': {
    fr: '{sessions:séance ne pourra pas|séances ne pourront pas} démarrer sur les machines {pool}, à partir du {wall} : les fichiers du cours (ceux des étudiants, ses données) sont sur la seule machine de {home}, dont le stockage est « local ». Planifiez-les sur {home}, ou donnez au cours des machines dont le stockage se lit de partout (« nfs », « cephfs », « manila »).',
    en: '{sessions:session|sessions} on pool {pool} cannot start, from {wall} on: the course’s files (students’ own, its data) are on the one machine of {home}, whose storage is “local”. Plan them on {home}, or give the course a pool whose storage every machine reaches (“nfs”, “cephfs”, “manila”).',
  },
  'no-snapshots': {
    fr: 'Aucun instantané n’est gardé ici : les machines {pool} n’ont pas de stockage « cephfs », le seul qui en fait.',
    en: 'No snapshots are kept here: pool {pool} has no “cephfs” storage, the only one that takes them.',
  },
  'taken-beyond-count': {
    fr: '{held} places numérotées ont déjà un titulaire pour {students} étudiants prévus : toutes restent accessibles, {atOnce} à la fois.',
    en: '{held} seats already have a holder for {students} expected students: all stay reachable, {atOnce} at once.',
  },
  'allowance-exceeded': {
    fr: 'Le cours demande {asked} {what} ; son enveloppe est de {allowed}. Un accord est nécessaire.',
    en: 'The course asks for {asked} {what}; its allowance is {allowed}. This needs a review.',
  },
  'node-size-unknown': {
    fr: 'La taille de la machine « {node} » n’est pas connue : rien n’est vérifié contre elle.',
    en: 'The size of machine “{node}” is not known: nothing is checked against it.',
  },
  'session-does-not-fit': {
    fr: 'La séance du {wall} ne tient pas : à {at}, il manque {missing} ({needed} demandés, {free} libres) pour {seats:place|places}.{slots}',
    en: 'The session on {wall} does not fit: at {at}, it lacks {missing} ({needed} asked, {free} free) for {seats:place|places}.{slots}',
  },
  'session-scattered': {
    fr: 'La séance du {wall} ne tient pas : à {at}, il reste {free} en tout, mais aucune machine n’a assez pour une place de plus ; il manque {seats:place|places}.{slots}',
    en: 'The session on {wall} does not fit: at {at}, {free} are left in all, but no machine has enough for one more place; {seats:place is|places are} missing.{slots}',
  },
  'pool-at-maximum': {
    fr: 'La séance du {wall} ne tient pas : à {at}, le maximum de machines est atteint ; il manque {seats:place|places} ({needed}).{slots}',
    en: 'The session on {wall} does not fit: at {at}, the maximum of machines is reached; {seats:place is|places are} missing ({needed}).{slots}',
  },
  'pool-closed': {
    fr: 'Les machines « {pool} » n’acceptent plus de poste depuis le {since} : {sessions:séance n’y a|séances n’y ont} pas de place, à partir du {wall}, tant que l’équipe infrastructure ne les a pas rouvertes.{elsewhere}',
    en: 'The machines “{pool}” take no new seats since {since}: {sessions:session has|sessions have} no place there, from {wall} on, until the infra team opens them again.{elsewhere}',
  },
  'seat-too-large': {
    fr: 'La séance du {wall} ne tiendra jamais ici : une place demande {needed}, la plus grande machine offre {free}. Choisissez d’autres machines ou demandez moins.',
    en: 'The session on {wall} will never fit here: one place asks for {needed}, the largest machine has {free}. Choose other machines or ask for less.',
  },
  'project-shared': {
    fr: '{students} étudiants se partagent {atOnce} places : environ {hoursEach} h chacun pendant la période ; au-delà, on attend son tour.',
    en: '{students} students share {atOnce} places: about {hoursEach} h each over the period; beyond that one waits for a turn.',
  },
  'project-hours-short': {
    fr: '{students} étudiants se partagent {atOnce} places : environ {hoursEach} h chacun, moins que les {wanted} h voulues. Ouvrez plus d’heures ou plus de places.',
    en: '{students} students share {atOnce} places: about {hoursEach} h each, less than the {wanted} h wanted. Open more hours or more places.',
  },
}

const slotSentences: Record<'some' | 'none', Text> = {
  some: { fr: ' Elle tiendrait : {list}.', en: ' It would fit: {list}.' },
  none: {
    fr: ' Aucun autre créneau ne convient dans les semaines voisines.',
    en: ' No other slot in the weeks around would do.',
  },
}

const elsewhereSentences: Record<'some' | 'none', Text> = {
  some: { fr: ' Il y a de la place sur : {list}.', en: ' There is room on: {list}.' },
  none: {
    fr: ' Aucune autre machine n’a assez de place aux mêmes heures.',
    en: ' No other machines have enough room at the same hours.',
  },
}

const words: Record<string, Text> = {
  cpu: { fr: 'cœurs', en: 'cores' },
  memory: { fr: 'Mo de mémoire', en: 'MB of memory' },
  disk: { fr: 'Mo de disque', en: 'MB of disk' },
  seats: { fr: 'places numérotées', en: 'seats' },
  atOnce: { fr: 'places à la fois', en: 'places at once' },
  hoursPerWeek: { fr: 'heures par semaine', en: 'hours a week' },
}

/** The sentence of a note. Throws on a code without one: a test goes through them all. */
export function sentence(note: Note, language: Language, naming: Naming): string {
  const template = sentences[note.code]
  if (template === undefined) throw new Error(`no sentence for the note code ${note.code}`)
  const plural = template[language].replaceAll(
    /\{(\w+):([^|}]+)\|([^}]+)\}/g,
    (_all, ...parts: string[]) => {
      const [name = '', one = '', many = ''] = parts
      return counted(Number(note.params[name]), one, many, language)
    },
  )
  const text = plural.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    valueText(name, note, language, naming),
  )
  return language === 'fr'
    ? text.replaceAll(/ ([:;?!»])/g, '\u00a0$1').replaceAll('« ', '«\u00a0')
    : text
}

function valueText(name: string, note: Note, language: Language, naming: Naming): string {
  const value = name === 'at' ? (note.where.at ?? note.params['at']) : note.params[name]
  if (name === 'wall' && typeof value === 'string') return dateText(value, language)
  if (name === 'since' && typeof value === 'string') {
    return dateText(formatWall(wallOf(parseInstant(value), naming.timeZone)), language)
  }
  if (name === 'elsewhere') return elsewhereText(value, language, naming)
  if (name === 'at' && typeof value === 'string') {
    return clockText(formatWall(wallOf(parseInstant(value), naming.timeZone)), language)
  }
  const resource = note.params['resource']
  if (typeof resource === 'string' && typeof value === 'number' && isAmount(name)) {
    return amountText(resource, value, language)
  }
  if (name === 'slots') return slotsText(value, language)
  if (name === 'what' && typeof value === 'string') return words[value]?.[language] ?? value
  return plainText(value)
}

/** "1 place", "2 places"; French counts 0 as one. */
export function counted(n: number, one: string, many: string, language: Language): string {
  const isOne = language === 'fr' ? n < 2 : n === 1
  return `${numberText(n, language)} ${isOne ? one : many}`
}

export function courseName(key: string, language: Language, naming: Naming): string {
  return naming.courseTitle?.(key)?.[language] ?? key
}

export function poolName(key: string, language: Language, naming: Naming): string {
  return naming.poolTitle?.(key)?.[language] ?? key
}

/** `1234.5` → "1,234.5", "1 234,5". */
export function numberText(value: number, language: Language): string {
  return value.toLocaleString(language, { maximumFractionDigits: 2 })
}

/** Nothing, where nobody has looked. */
function elsewhereText(value: NoteValue | undefined, language: Language, naming: Naming): string {
  if (!Array.isArray(value)) return ''
  if (value.length === 0) return elsewhereSentences.none[language]
  const list = value.map((pool) => poolName(String(pool), language, naming)).join(', ')
  return elsewhereSentences.some[language].replace('{list}', list)
}

function slotsText(value: NoteValue | undefined, language: Language): string {
  if (!Array.isArray(value)) return ''
  if (value.length === 0) return slotSentences.none[language]
  const walls = value.map((slot) =>
    typeof slot === 'object' && slot && 'wall' in slot ? slot['wall'] : '',
  )
  const list = walls.map((wall) => dateText(String(wall), language)).join(' ; ')
  return slotSentences.some[language].replace(
    '{list}',
    language === 'fr' ? list : list.replaceAll(' ;', ';'),
  )
}

function isAmount(name: string): boolean {
  return name === 'missing' || name === 'needed' || name === 'free'
}

function amountText(resource: string, value: number, language: Language): string {
  if (resource.startsWith('gpu:')) return `${value} GPU ${resource.slice(4)}`
  const shown = resource === 'cpu' ? value / 1000 : value
  return `${shown.toLocaleString(language)} ${words[resource]?.[language] ?? resource}`
}

const months: Record<Language, string[]> = {
  fr: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(
    ' ',
  ),
  en: 'January February March April May June July August September October November December'.split(
    ' ',
  ),
}
const weekdays: Record<Language, string[]> = {
  fr: 'dimanche lundi mardi mercredi jeudi vendredi samedi'.split(' '),
  en: 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' '),
}

/** `2026-11-23T08:00` → "Monday 23 November at 08:00", "lundi 23 novembre à 8 h 00". */
export function dateText(wall: string, language: Language): string {
  const date = new Date(`${wall.slice(0, 10)}T00:00:00Z`)
  const number = date.getUTCDate() === 1 && language === 'fr' ? '1er' : date.getUTCDate()
  const day = `${weekdays[language][date.getUTCDay()]} ${number} ${months[language][date.getUTCMonth()]}`
  if (wall.length === 10) return day
  return `${day} ${language === 'fr' ? 'à' : 'at'} ${clockText(wall, language)}`
}

function clockText(wall: string, language: Language): string {
  const time = wall.slice(11, 16)
  return language === 'fr' ? `${Number(time.slice(0, 2))} h ${time.slice(3)}` : time
}

function plainText(value: NoteValue | undefined): string {
  if (Array.isArray(value)) return value.map((one) => plainText(one)).join(', ')
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : JSON.stringify(value ?? '')
}

const shortDates = {
  fr: new Intl.DateTimeFormat('fr', { day: 'numeric', month: 'short', timeZone: 'UTC' }),
  en: new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' }),
}

/** "24 Nov", "24 nov." of a day's first instant in UTC, epoch ms. */
export const shortDateText = (ms: number, language: Language): string =>
  shortDates[language].format(ms)
