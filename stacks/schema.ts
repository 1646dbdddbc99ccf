/**
 * The documents people write: one schema for files, forms and Git. Parsing a parsed document gives
 * the same document, so what is stored can always be read again. Unknown fields are errors: a typo
 * in `graceMinutes` must not silently become the default.
 */
import { z } from 'zod'
import { cloudSchema } from './schema-cloud.ts'
import { displaySchema, prose } from './schema-display.ts'
import { gateSchema } from './schema-gate.ts'
import { key, machineName } from './schema-key.ts'
import type { Course, Environment, Zone } from './terms.ts'
import type { Pool } from './terms-pool.ts'
import type { Policy } from './terms-policy.ts'

export const apiVersion = 'labplan/v1'

const day = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}$/)
  .refine(isRealDay)
  .meta({ allowed: 'a day that exists, such as 2026-11-23' })
const wallTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d$/)
  .refine((text) => isRealDay(text.slice(0, 10)))
  .meta({ allowed: 'a day and time that exist, such as 2026-11-23T08:00 (no seconds, no offset)' })
const dayOrWallTime = z
  .union([day, wallTime])
  .meta({ allowed: 'a day (2026-11-23) or a day and time (2026-11-23T08:00)' })
const hours = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/)
  .meta({ allowed: 'from and to in 24 hours, such as 08:00-20:00' })
const timeZone = z
  .string()
  .refine(isTimeZone)
  .meta({ allowed: 'an IANA time zone such as Europe/Paris' })
const seatRange = z
  .string()
  .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/)
  .meta({ allowed: 'seat numbers such as 1-15 or 1-15,20' })
const weekday = z.enum(['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'])
const allDays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const
const workDays = ['MO', 'TU', 'WE', 'TH', 'FR'] as const
const count = z.int().min(0).max(100_000).meta({ allowed: 'a whole number from 0 to 100000' })
const positive = z.int().min(1).max(100_000).meta({ allowed: 'a whole number from 1 to 100000' })
const minutes = z
  .int()
  .min(0)
  .max(60_000)
  .meta({ allowed: 'minutes, a whole number from 0 to 60000' })
const cores = z.number().min(0).max(4096).meta({ allowed: 'cores, such as 0.5 or 8' })
const megabytes = z.int().min(0).max(1e9).meta({ allowed: 'megabytes, a whole number' })

/** A title is written once, or in both languages. */
const text = z
  .union([
    z.string().min(1).max(200),
    z.strictObject({ fr: z.string().min(1), en: z.string().min(1) }),
  ])
  .transform((value) => (typeof value === 'string' ? { fr: value, en: value } : value))
  .meta({ allowed: 'a text, or { fr: …, en: … }' })
/** `version` is in force; a seat that starts gets it. */
const courseData = z.strictObject({
  sizeMb: megabytes.min(1),
  version: positive.optional(),
  mountPath: z
    .string()
    .regex(/^(\/[A-Za-z0-9._-]+)+$/)
    .refine((path) => !/\/\.\.?(\/|$)/.test(path))
    .refine((path) => !/^\/(bin|boot|dev|etc|lib\w*|proc|root|run|sbin|sys|usr)(\/|$)/.test(path))
    .meta({ allowed: 'a folder such as /data, none of the system' })
    .default('/data'),
})
/** Of each student in each course: how many are kept, and how large they may be together. */
const submissionLimits = {
  most: positive.optional(),
  totalMb: megabytes.min(1).optional(),
}
/** `duty`: why they have to be kept, and the last day on which they are. */
const submissions = z.strictObject({
  ...submissionLimits,
  due: wallTime.optional(),
  duty: z.strictObject({ reason: text, until: day }).optional(),
})

/** Ceph takes a hundred of a folder at most (mds_max_snaps_per_dir). */
const snapshots = z.strictObject({
  keep: z.int().min(0).max(30).meta({ allowed: 'a whole number from 0 (none) to 30' }),
})

/** The first has to be possible: nobody could start afresh. */
const resets = z.strictObject({
  keep: z.int().min(1).max(30).meta({ allowed: 'a whole number from 1 to 30' }).default(3),
})

const gpu = z.strictObject({ kind: key, count: positive })
const resources = {
  cpu: cores,
  memoryMb: megabytes,
  diskMb: megabytes.optional(),
  gpu: gpu.optional(),
}

const group = z.strictObject({ key, seats: seatRange.optional(), students: positive })

const session = z.strictObject({
  start: wallTime,
  minutes: z.int().min(5).max(20_160).meta({ allowed: 'minutes, from 5 to 20160 (two weeks)' }),
  repeat: z
    .string()
    .regex(/^FREQ=(DAILY|WEEKLY|MONTHLY)(;[A-Z]+=[A-Z0-9,:+-]+)*$/)
    .refine((rule) => /;(COUNT|UNTIL)=/.test(rule))
    .optional()
    .meta({ allowed: 'an RRULE with COUNT or UNTIL, such as FREQ=WEEKLY;COUNT=12' }),
  except: z.array(dayOrWallTime).default([]),
  also: z.array(wallTime).default([]),
  move: z.record(wallTime, wallTime).default({}),
  holidays: z.enum(['skip', 'keep']).default('skip'),
  title: z.string().max(200).optional(),
  students: positive.optional(),
  atOnce: positive.optional(),
  group: key.optional(),
  pool: key.optional(),
  opensMinutesBefore: minutes.optional(),
  graceMinutes: minutes.optional(),
  stayMinutes: minutes.default(0),
  spares: count.default(0),
  exam: z.boolean().default(false),
  extraTime: z.array(z.strictObject({ students: positive, minutes: minutes })).default([]),
  uid: z.string().max(500).optional(),
  // Of iCalendar (RFC 5545 §3.8.7.4): some timetables count from the clock.
  sequence: z.int().min(0).max(2_147_483_647).optional(),
})

const booking = z.strictObject({ start: wallTime, minutes: positive, seats: positive })

const project = z.strictObject({
  key,
  from: day,
  to: day,
  hours: hours.optional(),
  days: z.array(weekday).default([...allDays]),
  students: positive.optional(),
  atOnce: positive,
  hoursPerStudent: z.number().positive().optional(),
  group: key.optional(),
  pool: key.optional(),
  reserve: z.enum(['period', 'bookings']).optional(),
  bookings: z.array(booking).default([]),
})

const headroom = z.strictObject({
  seats: count.optional(),
  atOnce: count.optional(),
  hours: hours.default('08:00-22:00'),
  days: z.array(weekday).default([...allDays]),
  reserved: count.default(0),
})

const allowance = z.strictObject({
  seats: count.optional(),
  atOnce: count.optional(),
  hoursPerWeek: z.number().min(0).optional(),
  budget: z.number().min(0).optional(),
})

const upToADay = z
  .int()
  .min(1)
  .max(1440)
  .meta({ allowed: 'minutes, a whole number from 1 to 1440 (a day)' })
const upToAWeek = z
  .int()
  .min(5)
  .max(10_080)
  .meta({ allowed: 'minutes, a whole number from 5 to 10080 (a week)' })
const times = z.int().min(0).max(100).meta({ allowed: 'a whole number from 0 to 100' })

const lifecycle = {
  stopMinutes: upToAWeek,
  warnMinutes: upToADay,
  extendMinutes: minutes,
  extendTimes: times,
  reserveMinutes: upToAWeek,
  turnHours: z.number().min(0).max(168).meta({ allowed: 'hours, from 0 (no turns) to 168' }),
  holdMinutes: upToADay,
  idleMinutes: minutes,
  idleMinutesInClass: minutes,
}

const head = (kind: string) => ({ apiVersion: z.literal(apiVersion), kind: z.literal(kind) })

const courseFields = {
  key,
  zone: key.default('default'),
  title: text,
  description: prose.optional(),
  state: z.enum(['draft', 'test', 'ready', 'archived']).default('ready'),
  environment: key,
  pool: key,
  timeZone: timeZone.optional(),
  seat: z.strictObject({ ...resources, volumeQuotaMb: megabytes.optional() }),
  students: positive,
  followRoster: z.boolean().optional(),
  atOnce: positive.optional(),
  groups: z.array(group).default([]),
  sessions: z.array(session).default([]),
  projects: z.array(project).default([]),
  headroom: headroom.optional(),
  allowance: allowance.default({}),
  lifecycle: z.strictObject(lifecycle).partial().default({}),
  open: z.strictObject({ from: day.optional(), to: day.optional() }).optional(),
  keepDays: count.optional(),
  snapshots: snapshots.optional(),
  personalVolume: z.boolean().optional(),
  submissions: submissions.optional(),
  data: courseData.optional(),
  display: displaySchema.optional(),
}

const port = z.strictObject({
  number: z.int().min(1).max(65_535).meta({ allowed: 'a port from 1 to 65535' }),
  name: key,
  kind: z.enum(['web', 'ssh', 'vnc', 'tcp']),
  title: text,
  required: z.boolean().default(true),
})

const environmentFields = {
  key,
  zone: key.default('default'),
  title: text,
  image: z
    .string()
    .regex(/^[a-z0-9.:/_-]+@sha256:[0-9a-f]{64}$/)
    .optional()
    .meta({ allowed: 'an image by digest, such as labplan/terminal@sha256:<64 hex digits>' }),
  ports: z.array(port).min(1),
  command: z.array(z.string()).optional(),
  env: z.record(z.string(), z.string()).default({}),
  capabilities: z.array(z.string().regex(/^[A-Z_]+$/)).default([]),
  mountPath: z.string().startsWith('/').default('/home'),
  pidsLimit: positive.default(256),
  network: key.default('seats'),
}

const storageForms =
  '{ backend: local }, { backend: cephfs }, { backend: nfs, server: ADDRESS } or { backend: manila, region: REGION, shareType: NAME }'

const poolFields = {
  key,
  zone: key.default('default'),
  title: text,
  nodes: z
    .array(
      z.strictObject({
        key: machineName,
        cpu: cores.optional(),
        memoryMb: megabytes.optional(),
        diskMb: megabytes.optional(),
        gpu: gpu.optional(),
      }),
    )
    .default([]),
  flavours: z
    .array(
      z.strictObject({
        key,
        ...resources,
        pricePerHour: z.number().min(0).meta({ allowed: 'a price per hour, 0 or more' }),
        bootMinutes: minutes.default(5),
        quota: count.default(1000),
        name: z.string().max(255).optional(),
        region: z.string().optional(),
      }),
    )
    .default([]),
  openstack: cloudSchema.optional(),
  storage: z
    .discriminatedUnion(
      'backend',
      [
        z.strictObject({ backend: z.enum(['local', 'cephfs']) }),
        z.strictObject({
          backend: z.literal('nfs'),
          server: z.ipv4({ error: 'an IPv4 address such as 10.0.0.2' }),
        }),
        z.strictObject({
          backend: z.literal('manila'),
          region: z.string({ error: 'a region, as the cloud names it' }).min(1).max(60),
          shareType: z.string({ error: 'a type of shares, as the cloud names it' }).min(1).max(255),
        }),
      ],
      { error: storageForms },
    )
    .optional()
    .meta({ allowed: storageForms }),
  currency: z.string().default('EUR'),
  minimumIdle: count.default(0),
  maximum: count.default(1000),
  live: z
    .strictObject({
      maximum: positive,
      budgetPerHour: z.number().min(0).optional(),
      graceMinutes: minutes.default(15),
    })
    .optional(),
  reserve: z
    .strictObject({
      cpu: cores.default(0),
      memoryMb: megabytes.default(0),
      diskMb: megabytes.default(0),
    })
    .default({ cpu: 0, memoryMb: 0, diskMb: 0 }),
}

const policyFields = {
  leadMinutes: minutes.default(45),
  readyMinutes: minutes.default(25),
  opensMinutesBefore: minutes.default(10),
  graceMinutes: minutes.default(10),
  keepDays: count.default(60),
  snapshots: snapshots.optional(),
  resets: resets.prefault({}),
  personalQuotaMb: megabytes.default(1024),
  submissions: z.strictObject(submissionLimits).optional(),
  dormantWeeks: count.default(5),
  headroom: headroom.prefault({}),
  allowance: z
    .strictObject({
      seats: count.default(100),
      atOnce: count.default(100),
      hoursPerWeek: z.number().min(0).default(20),
      budget: z.number().min(0).default(5000),
      growthPercent: z.int().min(0).max(1000).default(15),
    })
    .prefault({}),
  gate: gateSchema.prefault({}),
  lifecycle: z
    .strictObject({
      stopMinutes: lifecycle.stopMinutes.default(120),
      warnMinutes: lifecycle.warnMinutes.default(10),
      extendMinutes: lifecycle.extendMinutes.default(60),
      extendTimes: lifecycle.extendTimes.default(3),
      reserveMinutes: lifecycle.reserveMinutes.default(120),
      turnHours: lifecycle.turnHours.default(4),
      holdMinutes: lifecycle.holdMinutes.default(15),
      idleMinutes: lifecycle.idleMinutes.default(60),
      idleMinutesInClass: lifecycle.idleMinutesInClass.default(0),
    })
    .prefault({}),
  teaching: z
    .strictObject({
      hours: hours.default('08:00-20:00'),
      days: z.array(weekday).default([...workDays]),
      stepMinutes: z.int().min(5).max(240).default(30),
      weeks: z.int().min(1).max(26).default(8),
    })
    .prefault({}),
}

const zoneFields = {
  key,
  title: text,
  timeZone: timeZone.default('Europe/Paris'),
  holidays: z.array(z.strictObject({ title: z.string(), from: day, to: day })).default([]),
}

type Regioned = {
  flavours: { key: string; region?: string | undefined }[]
  openstack?: Pool['openstack']
}

/** A flavour can only be bought where the pool has a network, and its machines are not named as managers are. */
function checkRegions(pool: Regioned, context: z.core.$RefinementCtx): void {
  const names = pool.openstack?.regions.map((region) => region.name)
  for (const [i, { key, region }] of pool.flavours.entries()) {
    if (pool.openstack?.managers && key === 'manager')
      context.addIssue({
        ...{ code: 'custom', path: ['flavours', i, 'key'] },
        params: { allowed: 'another key: manager-1 is the first of the pool’s managers' },
      })
    if (names && region !== undefined && !names.includes(region))
      context.addIssue({
        ...{ code: 'custom', path: ['flavours', i, 'region'] },
        params: { allowed: `a region of this pool: ${names.join(', ')}` },
      })
  }
}

type Stored = { nodes: unknown[]; flavours: unknown[]; storage?: Pool['storage'] }

/** A file on one machine follows nobody to another. */
function checkStorage(pool: Regioned & Stored, context: z.core.$RefinementCtx): void {
  const names = pool.openstack?.regions.map((region) => region.name)
  if (names && pool.storage?.backend === 'manila' && !names.includes(pool.storage.region))
    context.addIssue({
      ...{ code: 'custom', path: ['storage', 'region'] },
      params: { allowed: `a region of this pool: ${names.join(', ')}` },
    })
  if (pool.storage?.backend === 'local' && (pool.nodes.length > 1 || pool.flavours.length > 0))
    context.addIssue({
      ...{ code: 'custom', path: ['storage', 'backend'] },
      params: {
        allowed: 'local only in a pool of one machine of its own (`nodes` with one entry)',
      },
    })
}

function checkPool(pool: Regioned & Stored, context: z.core.$RefinementCtx): void {
  checkRegions(pool, context)
  checkStorage(pool, context)
}

/** Documents by kind, with `apiVersion` and `kind`, as files and forms carry them. */
export const documentSchemas = {
  Course: z.strictObject({ ...head('Course'), ...courseFields }),
  Environment: z.strictObject({ ...head('Environment'), ...environmentFields }),
  Pool: z.strictObject({ ...head('Pool'), ...poolFields }).superRefine(checkPool),
  Policy: z.strictObject({ ...head('Policy'), ...policyFields }),
  Zone: z.strictObject({ ...head('Zone'), ...zoneFields }),
}

export type DocumentKind = keyof typeof documentSchemas
export const documentKinds = Object.keys(documentSchemas) as DocumentKind[]

/** The terms alone, without `apiVersion` and `kind`: what the compiler takes. */
export const courseSchema: z.ZodType<Course> = z.strictObject(courseFields)
export const environmentSchema: z.ZodType<Environment> = z.strictObject(environmentFields)
export const poolSchema: z.ZodType<Pool> = z.strictObject(poolFields).superRefine(checkPool)
export const policySchema: z.ZodType<Policy> = z.strictObject(policyFields)
export const zoneSchema: z.ZodType<Zone> = z.strictObject(zoneFields)

export const defaultPolicy: Policy = policySchema.parse({})
export const defaultZone: Zone = zoneSchema.parse({
  key: 'default',
  title: { fr: 'Établissement', en: 'Institution' },
})

function isRealDay(text: string): boolean {
  const at = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text.slice(0, 10))
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone.length > 0
  } catch {
    return false
  }
}
