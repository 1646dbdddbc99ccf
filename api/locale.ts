/** Two languages: picking one, and words, dates and durations in it. */
import { catalogue } from './messages/catalogue.ts'

export type Locale = 'en' | 'fr'
export type Params = Record<string, string | number>
/** A text in both languages; with `one` and `other` where it counts `count`. */
export type Message = Record<Locale, string | { one: string; other: string }>

export const locales: readonly Locale[] = ['en', 'fr']
export const isLocale = (text: unknown): text is Locale => text === 'en' || text === 'fr'

/** The first of ours in an Accept-Language header (RFC 9110 §12.5.4), in the order the browser prefers. */
export function acceptedLocale(header: string | undefined): Locale | undefined {
  const wishes = (header ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().split(';')
    const quality = parameters.find((parameter) => parameter.trim().startsWith('q='))
    return {
      locale: tag.slice(0, 2).toLowerCase(),
      q: quality ? Number(quality.trim().slice(2)) : 1,
    }
  })
  return wishes
    .toSorted((a, b) => b.q - a.q)
    .map((wish) => wish.locale)
    .find(isLocale)
}

export const hasMessage = (code: string): boolean => Object.hasOwn(catalogue, code)

/** The sentence behind a code. An unknown code is shown as it is: better than an empty page. */
export function say(locale: Locale, code: string, params: Params = {}): string {
  const message = Object.hasOwn(catalogue, code) ? catalogue[code] : undefined
  if (!message) return code
  const text = message[locale]
  const form = typeof text === 'string' ? text : text[pluralForm(locale, params['count'])]
  const filled = form.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    String(params[name] ?? whole),
  )
  return locale === 'fr' ? spacedAsInFrench(filled) : filled
}

/** After what a sentence does not end with: a label, a name. */
export const colon = (locale: Locale): string => (locale === 'fr' ? '\u00a0:' : ':')

const plurals = { en: new Intl.PluralRules('en'), fr: new Intl.PluralRules('fr') }

function pluralForm(locale: Locale, count: string | number | undefined): 'one' | 'other' {
  return plurals[locale].select(Number(count ?? 0)) === 'one' ? 'one' : 'other'
}

// Lexique des règles typographiques en usage à l'Imprimerie nationale: no line breaks before these.
function spacedAsInFrench(text: string): string {
  return text.replaceAll(/ (?=[:;!?»%])/g, '\u00a0').replaceAll('« ', '«\u00a0')
}

/** `at 08:50` on the same day as `now`, else `on Tuesday 24 November at 08:50`: to stand in a sentence. */
export function moment(locale: Locale, timeZone: string, at: Date, now: Date): string {
  const time = clock(locale, timeZone, at)
  return isSameDay(timeZone, at, now)
    ? say(locale, 'time.today-at', { time })
    : say(locale, 'time.day-at', { day: day(locale, timeZone, at), time })
}

const isSameDay = (timeZone: string, one: Date, other: Date): boolean =>
  stamp('en', timeZone, one).slice(0, -5) === stamp('en', timeZone, other).slice(0, -5)

/** `08:50` on the same day as `now`, else `24 Nov 2026, 08:50`, for tables. */
export function shortMoment(locale: Locale, timeZone: string, at: Date, now: Date): string {
  return (isSameDay(timeZone, at, now) ? clock : stamp)(locale, timeZone, at)
}

/** `08:50` */
export function clock(locale: Locale, timeZone: string, at: Date): string {
  return format(locale, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(
    at,
  )
}

/** `Tuesday 24 November` */
export function day(locale: Locale, timeZone: string, at: Date): string {
  const options = { timeZone, weekday: 'long', day: 'numeric', month: 'long' } as const
  return ordinal(locale, format(locale, options).format(at))
}

/** As `day`, and of another year than now's `Friday 16 April 2027`. */
export function dayAndYear(locale: Locale, timeZone: string, at: Date, now: Date): string {
  const year = (of: Date) => format('en', { timeZone, year: 'numeric' }).format(of)
  const text = day(locale, timeZone, at)
  return year(at) === year(now) ? text : `${text} ${year(at)}`
}

// The first of a month is an ordinal in French, and no other day is; Intl does not know.
export const ordinal = (locale: Locale, text: string): string =>
  locale === 'fr' ? text.replace(/(?<=^| )1(?= )/, '1er') : text

/** `Tue 24 Nov`, for tables. */
export function shortDay(locale: Locale, timeZone: string, at: Date): string {
  const options = { timeZone, weekday: 'short', day: 'numeric', month: 'short' } as const
  return ordinal(locale, format(locale, options).format(at))
}

/** `30 Jun 2027`: the last day of what goes on until this instant, such as the midnight after it. */
export function lastDay(locale: Locale, timeZone: string, until: Date): string {
  const options = { timeZone, day: 'numeric', month: 'short', year: 'numeric' } as const
  return ordinal(locale, format(locale, options).format(new Date(until.getTime() - 1)))
}

/** `0.5`, `0,50` with two digits: amounts that are no whole numbers. */
export function decimal(locale: Locale, amount: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return amount.toLocaleString(locale, options)
}

/** `24 Nov 2026, 08:50` for tables. */
export function stamp(locale: Locale, timeZone: string, at: Date): string {
  return format(locale, {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}

/** `1 h 25`, `12 min`, `40 s`: the two largest units at most. Never negative. */
export function duration(locale: Locale, ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}\u00a0s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}\u00a0min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours}\u00a0h\u00a0${String(minutes % 60).padStart(2, '0')}`
  return `${Math.floor(hours / 24)}\u00a0${locale === 'fr' ? 'j' : 'd'}`
}

const UNITS = { en: ['MB', 'GB', 'TB'], fr: ['Mo', 'Go', 'To'] } as const

/** `230 MB`, `1.5 GB`, in units of 1024 as quotas are; below one `0.3 MB`. */
export function byteSize(locale: Locale, bytes: number): string {
  let amount = bytes / 2 ** 20
  let unit = 0
  while (amount >= 1024 && unit < 2) {
    amount /= 1024
    unit++
  }
  const digits = amount < 10 && amount % 1 >= 0.05 ? 1 : 0
  const text = amount.toFixed(digits)
  return `${locale === 'fr' ? text.replace('.', ',') : text}\u00a0${UNITS[locale][unit]}`
}

/** As `byteSize`, and of a file of a few lines `512 B`, `3 KB`. */
export function fileSize(locale: Locale, bytes: number): string {
  if (bytes >= 100 * 1024) return byteSize(locale, bytes)
  const [small, large] = locale === 'fr' ? ['o', 'Ko'] : ['B', 'KB']
  return bytes < 1024 ? `${bytes}\u00a0${small}` : `${Math.round(bytes / 1024)}\u00a0${large}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

// Making a formatter costs a hundred times more than using one.
function format(locale: Locale, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${JSON.stringify(options)}`
  const known =
    formats.get(key) ?? new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : 'fr-FR', options)
  formats.set(key, known)
  return known
}
