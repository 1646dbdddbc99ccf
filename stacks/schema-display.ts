/**
 * What a student's page shows of their seat, as a course says it. Texts and links may hold tokens such as `{{user}}`,
 * which the page fills in; a link never holds the password, and leads where no script can stand.
 */
import { z } from 'zod'
import { seatPath } from './rules/seat-path.ts'
import { key } from './schema-key.ts'

const short = z.string().min(1).max(100)
const title = z
  .union([short, z.strictObject({ fr: short, en: short })])
  .transform((value) => (typeof value === 'string' ? { fr: value, en: value } : value))
  .meta({ allowed: 'a text of up to 100 characters, or { fr: …, en: … }' })
const long = z.string().min(1).max(4000)

/** Lines and paragraphs of plain text. */
export const prose = z
  .union([long, z.strictObject({ fr: long, en: long })])
  .transform((value) => (typeof value === 'string' ? { fr: value, en: value } : value))
  .meta({ allowed: 'a text of up to 4000 characters, or { fr: …, en: … }' })

/** What programs of one's own open: nothing that a browser would run. */
export const linkSchemes = ['https', 'ssh', 'sftp', 'vnc', 'rdp', 'vscode'] as const
const link = z
  .string()
  .max(500)
  .regex(new RegExp(`^(${linkSchemes.join('|')})://[^\\s\\\\<>"']+$`))
  .refine((text) => !/\{\{\s*password\s*\}\}/i.test(text))
  .meta({ allowed: `an address with ${linkSchemes.join(', ')}, without the password` })
const path = z
  .string()
  .refine((text) => seatPath(text) !== undefined)
  .meta({ allowed: 'a path in the environment, such as /lab/tree/week3.ipynb' })

const button = z
  .strictObject({
    title,
    port: key.optional(),
    path: path.optional(),
    link: link.optional(),
  })
  .refine(({ port, link: to }) => (port === undefined) !== (to === undefined))
  .meta({ allowed: 'a button with a web port (and a path), or with a link' })

export const displaySchema = z.strictObject({
  login: z.enum(['shown', 'never']).optional(),
  password: z.enum(['shown', 'click', 'never']).optional(),
  /** Those named come first, in this order. */
  ports: z
    .array(z.strictObject({ name: key, title: title.optional(), shown: z.boolean().default(true) }))
    .max(50)
    .default([]),
  text: prose.optional(),
  buttons: z.array(button).max(12).default([]),
})
