/** A difference in words, for a teacher and for a review: no address, no id. */
import type { BlueprintSession } from '../blueprint.ts'
import { seatNumbers } from '../blueprint.ts'
import type { Text } from '../terms.ts'
import { formatWall, parseInstant, wallOf } from './clock.ts'
import type { BlueprintDiff, CourseDiff, PoolDiff, SessionChange } from './diff.ts'
import { counted, courseName, dateText, numberText, poolName } from './explain.ts'
import type { Language, Naming } from './explain.ts'

/** Of many sessions of a kind, so many are named; the rest is counted. */
const namedSessions = 4

const phrases = {
  nothing: { fr: 'Rien ne change.', en: 'Nothing changes.' },
  appears: { fr: '{course} : nouveau cours.', en: '{course}: new course.' },
  disappears: { fr: '{course} : le cours disparaît.', en: '{course}: the course goes.' },
  added: {
    fr: '{course} : {n:séance|séances} en plus : {list}.',
    en: '{course}: {n:more session|more sessions}: {list}.',
  },
  removed: {
    fr: '{course} : {n:séance|séances} en moins : {list}.',
    en: '{course}: {n:session fewer|sessions fewer}: {list}.',
  },
  moved: {
    fr: '{course} : la séance du {from} passe au {to}.',
    en: '{course}: the session on {from} moves to {to}.',
  },
  movedAlike: {
    fr: '{course} : {n:séance est déplacée|séances sont déplacées}, la première du {from} au {to} : {list}.',
    en: '{course}: {n:session moves|sessions move}, the first from {from} to {to}: {list}.',
  },
  lasts: {
    fr: '{course} : {n:séance dure|séances durent} {minutes} minutes au lieu de {before} : {list}.',
    en: '{course}: {n:session lasts|sessions last} {minutes} minutes instead of {before}: {list}.',
  },
  resized: {
    fr: '{course} : {n:séance passe|séances passent} de {from} à {to} : {list}.',
    en: '{course}: {n:session goes|sessions go} from {from} to {to}: {list}.',
  },
  adjusted: {
    fr: '{course} : horaires d’ouverture, marges ou machines changés pour {n:séance|séances} : {list}.',
    en: '{course}: opening, margins or machines change for {n:session|sessions}: {list}.',
  },
  seatsAdded: {
    fr: '{course} : {n:place numérotée|places numérotées} en plus ({list}).',
    en: '{course}: {n:more seat|more seats} ({list}).',
  },
  seatsRemoved: {
    fr: '{course} : {n:place numérotée|places numérotées} en moins ({list}).',
    en: '{course}: {n:seat fewer|seats fewer} ({list}).',
  },
  template: {
    fr: '{course} : l’environnement change ({list}) ; chaque place le reçoit à son prochain démarrage.',
    en: '{course}: the environment changes ({list}); each seat gets it at its next start.',
  },
  fields: { fr: '{course} : change aussi : {list}.', en: '{course}: also changes: {list}.' },
  cost: {
    fr: '{pool} : {hours} heures de machine ({hoursChange}), {price} {currency} ({priceChange}), au plus {peak:machine|machines} à la fois.',
    en: '{pool}: {hours} node-hours ({hoursChange}), {price} {currency} ({priceChange}), at most {peak:node|nodes} at once.',
  },
  students: { fr: '{n:étudiant|étudiants}', en: '{n:student|students}' },
  atOnce: { fr: '{n} à la fois', en: '{n} at once' },
  more: { fr: 'et {n:autre|autres}', en: 'and {n} more' },
} satisfies Record<string, Text>

const words: Record<string, Text> = {
  image: { fr: 'image', en: 'image' },
  command: { fr: 'commande', en: 'command' },
  env: { fr: 'variables', en: 'variables' },
  capabilities: { fr: 'droits', en: 'capabilities' },
  ports: { fr: 'ports', en: 'ports' },
  cpuMillis: { fr: 'processeur', en: 'CPU' },
  memoryMb: { fr: 'mémoire', en: 'memory' },
  gpu: { fr: 'GPU', en: 'GPU' },
  volume: { fr: 'volume', en: 'volume' },
  personal: { fr: 'dossier personnel', en: 'personal folder' },
  data: { fr: 'données du cours', en: 'course data' },
  pidsLimit: { fr: 'nombre de processus', en: 'number of processes' },
  network: { fr: 'réseau', en: 'network' },
  allowance: { fr: 'enveloppe', en: 'allowance' },
  lifecycle: { fr: 'arrêt automatique', en: 'automatic stop' },
  headroom: { fr: 'places hors séance', en: 'seats outside class' },
  snapshots: { fr: 'instantanés gardés de chaque disque', en: 'snapshots kept of each disk' },
  volumes: { fr: 'date de fin des fichiers', en: 'date files are kept until' },
  pool: { fr: 'machines', en: 'machines' },
  zone: { fr: 'établissement', en: 'institution' },
}

/** One line per fact, courses first, then what it costs. */
export function diffText(difference: BlueprintDiff, language: Language, naming: Naming): string[] {
  const lines = [
    ...difference.courses.flatMap((one) => courseLines(one, language, naming)),
    ...difference.pools.map((one) => costLine(one, language, naming)),
  ]
  return lines.length > 0 ? lines : [phrases.nothing[language]]
}

function courseLines(one: CourseDiff, language: Language, naming: Naming): string[] {
  const course = courseName(one.course, language, naming)
  const say = (name: keyof typeof phrases, params: Record<string, string | number> = {}) =>
    fill(phrases[name], language, { course, ...params })
  const list = (sessions: BlueprintSession[]) => sessionList(sessions, language, naming)
  const lines: string[] = []
  if (one.change !== 'changes') lines.push(say(one.change))
  if (one.added.length > 0) lines.push(say('added', { n: one.added.length, list: list(one.added) }))
  if (one.removed.length > 0)
    lines.push(say('removed', { n: one.removed.length, list: list(one.removed) }))
  lines.push(...movedLines(one.moved, language, naming, course))
  lines.push(...resizedLines(one.resized, language, naming, course))
  if (one.adjusted.length > 0) {
    const sessions = one.adjusted.map((change) => change.after)
    lines.push(say('adjusted', { n: sessions.length, list: list(sessions) }))
  }
  for (const name of ['seatsAdded', 'seatsRemoved'] as const) {
    if (one[name] !== '')
      lines.push(say(name, { n: seatNumbers(one[name]).length, list: one[name] }))
  }
  const named = (names: string[]) => names.map((name) => words[name]?.[language] ?? name).join(', ')
  if (one.change === 'changes' && one.template.length > 0)
    lines.push(say('template', { list: named(one.template) }))
  if (one.fields.length > 0) lines.push(say('fields', { list: named(one.fields) }))
  return lines
}

/** What moves alike is one line, and so is what only lasts longer or shorter. */
function movedLines(
  changes: SessionChange[],
  language: Language,
  naming: Naming,
  course: string,
): string[] {
  const alike = Map.groupBy(changes, ({ before, after }) =>
    [minutesBetween(before.startsAt, after.startsAt), lengthOf(before), lengthOf(after)].join(' '),
  )
  return [...alike.values()].map((group) => {
    const [{ before, after }] = group as [SessionChange]
    const sessions = group.map((one) => one.after)
    const common = { course, n: group.length, list: sessionList(sessions, language, naming) }
    const lengths = { minutes: lengthOf(after), before: lengthOf(before) }
    if (before.startsAt === after.startsAt)
      return fill(phrases.lasts, language, { ...common, ...lengths })
    const way = { from: when(before, language, naming), to: when(after, language, naming) }
    const phrase = group.length === 1 ? phrases.moved : phrases.movedAlike
    return fill(phrase, language, { ...common, ...way })
  })
}

const minutesBetween = (from: string, to: string): number =>
  (parseInstant(to) - parseInstant(from)) / 60_000
const lengthOf = ({ startsAt, endsAt }: BlueprintSession): number =>
  minutesBetween(startsAt, endsAt)

/** A whole series that grows alike is one line. */
function resizedLines(
  changes: SessionChange[],
  language: Language,
  naming: Naming,
  course: string,
): string[] {
  const resized = changes.filter(
    ({ before, after }) => before.students !== after.students || before.atOnce !== after.atOnce,
  )
  const alike = Map.groupBy(resized, ({ before, after }) =>
    [before.students, before.atOnce, after.students, after.atOnce].join(' '),
  )
  return [...alike.values()].map((group) => {
    const [{ before, after }] = group as [SessionChange]
    const name = before.students === after.students ? 'atOnce' : 'students'
    const amount = (session: BlueprintSession) =>
      fill(phrases[name], language, { n: session[name] })
    const list = sessionList(
      group.map((one) => one.after),
      language,
      naming,
    )
    const params = { course, n: group.length, from: amount(before), to: amount(after), list }
    return fill(phrases.resized, language, params)
  })
}

function sessionList(sessions: BlueprintSession[], language: Language, naming: Naming): string {
  const named = sessions.slice(0, namedSessions).map((session) => when(session, language, naming))
  const rest = sessions.length - named.length
  return (rest > 0 ? [...named, fill(phrases.more, language, { n: rest })] : named).join(', ')
}

function when(session: BlueprintSession, language: Language, naming: Naming): string {
  return dateText(formatWall(wallOf(parseInstant(session.startsAt), naming.timeZone)), language)
}

function costLine(one: PoolDiff, language: Language, naming: Naming): string {
  const signed = (value: number) => (value > 0 ? '+' : '') + numberText(value, language)
  return fill(phrases.cost, language, {
    pool: poolName(one.pool, language, naming),
    hours: numberText(one.nodeHoursAfter, language),
    hoursChange: signed(one.nodeHoursAfter - one.nodeHoursBefore),
    price: numberText(one.priceAfter, language),
    priceChange: signed(one.priceAfter - one.priceBefore),
    currency: one.currency,
    peak: one.peakAfter,
  })
}

function fill(text: Text, language: Language, params: Record<string, string | number>): string {
  const plural = text[language].replaceAll(
    /\{(\w+):([^|}]+)\|([^}]+)\}/g,
    (_all, ...parts: string[]) => {
      const [name = '', one = '', many = ''] = parts
      return counted(Number(params[name]), one, many, language)
    },
  )
  return plural.replaceAll(/\{(\w+)\}/g, (_all, name: string) => String(params[name] ?? ''))
}
