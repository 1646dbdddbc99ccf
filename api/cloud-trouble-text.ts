/** Why a cloud refused, as sentences of a page and of JSON. Pure. */
import { type ToldTrouble, troubleLines } from './data/pools/cloud-trouble.ts'
import { type Locale, moment, say } from './locale.ts'

export function troubleSentences(
  trouble: ToldTrouble,
  { locale, timeZone, at }: { locale: Locale; timeZone: string; at: Date },
): string[] {
  return troubleLines(trouble).map(({ code, params = {} }) => {
    const { startsAt } = params
    const start = typeof startsAt === 'string' && moment(locale, timeZone, new Date(startsAt), at)
    return say(locale, code, { ...params, ...(start && { startsAt: start }) })
  })
}

/** As JSON tells it: the cause as data, and its sentences in both languages. */
export function troubleJson(trouble: ToldTrouble | null, when: { timeZone: string; at: Date }) {
  if (!trouble) return null
  const inWords = (locale: Locale) => troubleSentences(trouble, { locale, ...when })
  return { ...trouble, text: { en: inWords('en'), fr: inWords('fr') } }
}
