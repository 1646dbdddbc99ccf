/**
 * The gate of the policy: which changes are denied, which need whom, and, by what is shipped, that an ordinary
 * edit needs nobody. docs/policy.md is its manual.
 */
import { z } from 'zod'
import { key } from './schema-key.ts'
import type { Gate, GateRule } from './terms-policy.ts'

const title = z
  .union([
    z.string().min(1).max(200),
    z.strictObject({ fr: z.string().min(1).max(200), en: z.string().min(1).max(200) }),
  ])
  .transform((value) => (typeof value === 'string' ? { fr: value, en: value } : value))
  .meta({ allowed: 'a text, or { fr: …, en: … }' })
const teams = z
  .array(key)
  .min(1)
  .max(20)
  .meta({ allowed: 'a list of teams, such as [administrators, git]' })
const atLeast = z
  .number()
  .min(0)
  .max(1_000_000)
  .optional()
  .meta({ allowed: 'a number: the rule holds from so many on' })
const keys = z.array(key).min(1).optional()

const condition = z.strictObject({
  documents: z
    .array(z.enum(['Course', 'Environment', 'Policy', 'Pool', 'Zone']))
    .min(1)
    .optional(),
  authors: z
    .array(z.enum(['teacher', 'administrator', 'operator', 'reviewer']))
    .min(1)
    .optional(),
  courses: keys,
  zones: keys,
  pools: keys,
  contradictions: atLeast,
  beyondAllowance: atLeast,
  raisesAllowance: atLeast,
  beyondBudget: atLeast,
  unplacedSeats: atLeast,
  displacedSessions: atLeast,
  newRights: atLeast,
  newImages: atLeast,
  newPorts: atLeast,
  students: atLeast,
  gpus: atLeast,
})

const hours = z.number().min(0).max(1000).meta({ allowed: 'working hours, from 0 to 1000' })

const rule = z.strictObject({
  key,
  title,
  lane: z.enum(['deny', 'review']),
  when: condition
    .refine((asked) => Object.keys(asked).length > 0)
    .meta({
      allowed: 'at least one condition; see docs/policy.md',
    }),
  unless: condition.optional(),
  by: teams.default(['administrators', 'git']),
  approvals: z.int().min(1).max(10).default(1).meta({ allowed: 'a whole number from 1 to 10' }),
  deputy: z.strictObject({ by: teams, afterWorkingHours: hours }).optional(),
})

const by = ['administrators', 'git']
const review = (
  name: string,
  when: GateRule['when'],
  en: string,
  fr: string,
): z.input<typeof rule> => ({ key: name, title: { en, fr }, lane: 'review', when, by })

/** What is shipped: whoever stays inside what a course may have is held up by nobody. */
const shipped = [
  review(
    'contradiction',
    { contradictions: 1 },
    'The documents contradict each other.',
    'Les documents se contredisent.',
  ),
  review(
    'beyond-allowance',
    { beyondAllowance: 1 },
    'It asks for more than the course may have.',
    'Elle demande plus que ce à quoi le cours a droit.',
  ),
  review(
    'raises-allowance',
    { raisesAllowance: 1, authors: ['teacher'] },
    'It raises what the course may have.',
    'Elle relève ce à quoi le cours a droit.',
  ),
  review(
    'beyond-budget',
    { beyondBudget: 1 },
    'Its sessions cost more than the course’s budget.',
    'Ses séances coûtent plus que le budget du cours.',
  ),
  review(
    'displaces-others',
    { displacedSessions: 1, authors: ['teacher', 'administrator', 'reviewer'] },
    'Sessions of other courses would no longer fit.',
    'Des séances d’autres cours ne tiendraient plus.',
  ),
  review(
    'beyond-quota',
    { unplacedSeats: 1, authors: ['teacher'] },
    'Some of its sessions find no room.',
    'Certaines de ses séances ne trouvent pas de place.',
  ),
  review(
    'new-rights',
    { newRights: 1, authors: ['teacher', 'reviewer'] },
    'Its seats get rights beyond the usual.',
    'Ses postes reçoivent des droits inhabituels.',
  ),
]

export const gateSchema: z.ZodType<Gate> = z
  .strictObject({
    rules: z
      .array(rule)
      .max(100)
      .default(() => shipped.map((one) => rule.parse(one))),
    solo: z.enum(['never', 'alone', 'always']).default('alone'),
  })
  .superRefine(({ rules }, context) => {
    for (const [i, one] of rules.entries())
      if (rules.findIndex((other) => other.key === one.key) < i)
        context.addIssue({
          ...{ code: 'custom', path: ['rules', i, 'key'] },
          params: { allowed: 'a key that no other rule has' },
        })
  })
