/** Pools as the API tells them, and as lines of a terminal. */
import { table } from './table.ts'

/** Why a cloud refused: what happened, what to do, who asked for it. */
export type CloudCause = { code: string; text: { en: string[]; fr: string[] } }

/** One line for what happened, then the rest below it. */
export const causeLines = ({ text: { en } }: CloudCause): string =>
  en.map((line, i) => (i === 0 ? line : `  ${line}`)).join('\n')

export type Pool = {
  key: string
  title: { en: string; fr: string } | null
  closed: 'closed' | 'drained' | null
  closedReason: string | null
  credentialAt: string | null
  isCloud: boolean
  storage: {
    backend: string
    server: string | null
    away: { since: string; reason: string } | null
    lacksSlots: { since: string } | null
  } | null
  nodes: {
    name: string
    flavour: string | null
    region: string | null
    state: string
    since: string | null
    trouble: string | null
    tries: number
    why: { code: string; course: string | null; session: string | null } | null
    goesAt: string | null
    address: string | null
    load: {
      seats: number
      cores: number
      memory_mb: number
      cores_reserved: number
      memory_reserved_mb: number
      gpus: number
      gpus_held: number
    } | null
  }[]
  /** None in a pool of one. */
  regions: {
    name: string
    machines: number
    refusal: {
      since: string
      message: string
      cause: CloudCause | null
      elsewhere: string[]
    } | null
  }[]
  /** Of the Swarm's managers, where this pool makes some. */
  quorum: { votes: number; answering: number; canLose: number } | null
  timeline: { at: string; planned: number; there: number | null }[]
  withoutPlace: { course: string; session: string; startsAt: string; students: number }[]
  cost: { hours: number; price: number; currency: string } | null
  troubles: {
    key: string
    state: string
    message: string
    retryAt: string | null
    cause: CloudCause | null
  }[]
}

/** `open`, or why not. */
export const openness = ({ closed }: Pick<Pool, 'closed'>): string =>
  closed === null ? 'open' : closed === 'closed' ? 'closed' : 'being emptied'

const short = (instant: string): string => instant.slice(0, 16).replace('T', ' ')

/** Which regions there are, and where machines are made while one refuses. */
export function regionLines({ regions }: Pick<Pool, 'regions'>): string[] {
  return regions.map(({ name, machines, refusal }) => {
    const has = `region ${name}: ${machines} ${machines === 1 ? 'machine' : 'machines'}`
    if (!refusal) return has
    const what = refusal.cause?.text.en[0] ?? refusal.message
    const then =
      refusal.elsewhere.length > 0
        ? `made in ${refusal.elsewhere.join(', ')} meanwhile`
        : 'what is wanted there waits'
    return `${has}, refuses since ${short(refusal.since)} (${then}): ${what}`
  })
}

/** What keeps its volumes, and whether it answers. */
export function storageLines({ storage }: Pick<Pool, 'storage'>): string[] {
  if (!storage) return []
  const { backend, server, away, lacksSlots } = storage
  const what = `Volumes: ${[backend, server].filter(Boolean).join(', ')}`
  if (!away && lacksSlots)
    return [
      `${what}; since ${short(lacksSlots.since)} seats start without their student’s personal folder`,
      '  The storage agent is of an earlier version: start it again there with the version of this Labplan.',
    ]
  if (!away) return [what]
  return [
    `${what}; no answer since ${short(away.since)}: ${away.reason}`,
    '  Seats that run wait for it and go on by themselves; none is started or stopped meanwhile.',
  ]
}

/** `class networks-101`. */
const reason = (why: Pool['nodes'][number]['why']): string =>
  why ? [why.code, why.course].filter(Boolean).join(' ') : '-'

export function nodeTable({ nodes }: Pool): string {
  const share = (used: number, all: number) => `${Math.round(used * 100) / 100}/${all}`
  const hasGpus = nodes.some(({ load }) => (load?.gpus ?? 0) > 0)
  const hasWhy = nodes.some(({ why }) => why)
  const hasRegion = nodes.some(({ region }) => region !== null)
  const rows = nodes.map(({ name, region, state, since, load, address, trouble, why, goesAt }) => [
    ...[name, trouble ? `${state} (${trouble})` : state],
    since ? short(since) : '-',
    ...(load
      ? [
          load.seats,
          share(load.cores_reserved, load.cores),
          share(Math.round(load.memory_reserved_mb), load.memory_mb),
          ...(hasGpus ? [load.gpus > 0 ? share(load.gpus_held, load.gpus) : '-'] : []),
        ]
      : ['-', '-', '-', ...(hasGpus ? ['-'] : [])]),
    ...(hasWhy ? [reason(why), goesAt ? short(goesAt) : '-'] : []),
    ...(hasRegion ? [region ?? '-'] : []),
    address ?? '-',
  ])
  const heads = ['NODE', 'STATE', 'SINCE (UTC)', 'SEATS', 'CORES', 'MEMORY MB']
  return table(
    [
      ...[...heads, ...(hasGpus ? ['GPUS'] : []), ...(hasWhy ? ['FOR', 'GOES (UTC)'] : [])],
      ...(hasRegion ? ['REGION', 'ADDRESS'] : ['ADDRESS']),
    ],
    rows,
  )
}

/** Now and for the next changes of the plan. */
export function planLine({ timeline }: Pool): string | undefined {
  const next = timeline.findIndex(({ there }) => there === null)
  const now = timeline[next - 1]
  if (!now) return undefined
  const changes = timeline
    .slice(next)
    .filter((one, i) => one.planned !== timeline[next - 1 + i]?.planned)
    .slice(0, 4)
    .map(({ at, planned }) => `${planned} from ${at.slice(5, 16).replace('T', ' ')}`)
  return [`${now.there} of ${now.planned} planned machines`, ...changes].join(', then ')
}

/** How many managers of the Swarm answer, where this pool makes some. */
export function managersLine({ quorum }: Pick<Pool, 'quorum'>): string | undefined {
  if (!quorum) return undefined
  const { votes, answering, canLose } = quorum
  const rest =
    canLose < 0 ? 'no majority' : canLose === 0 ? 'none may be lost' : `${canLose} may be lost`
  return `${answering} of ${votes} managers of the Swarm answer: ${rest}`
}

const SESSIONS_PRINTED = 10

/** What closing it means for classes; nothing while it means none. */
export function withoutPlaceLines({ withoutPlace }: Pick<Pool, 'withoutPlace'>): string[] {
  if (withoutPlace.length === 0) return []
  const more = withoutPlace.length - SESSIONS_PRINTED
  return [
    `${withoutPlace.length} to come without a place until it is opened:`,
    ...withoutPlace
      .slice(0, SESSIONS_PRINTED)
      .map(
        ({ course, startsAt, students }) =>
          `  ${startsAt.slice(0, 16).replace('T', ' ')} UTC  ${course}, ${students} students`,
      ),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}
