/** Wall times in words: they are nowhere's until somebody says a zone. */
import { type Locale, ordinal } from '../locale.ts'

type Format = Intl.DateTimeFormatOptions

const dayFormat: Format = { weekday: 'short', day: 'numeric', month: 'short' }

/** `Tue 24 Nov 10:00`. */
export const wallDay = (locale: Locale, wall: string): string =>
  `${dayWords(locale, wall, dayFormat)} ${wall.slice(11)}`

/** A day in the words that are asked for. */
export const dayWords = (locale: Locale, day: string, format: Format): string =>
  ordinal(
    locale,
    new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
      ...format,
      timeZone: 'UTC',
    }).format(new Date(`${day.slice(0, 10)}T00:00:00Z`)),
  )
