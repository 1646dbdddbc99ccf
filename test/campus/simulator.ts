/**
 * A brute-force referee of the compiler, minute by minute. It reads the documents people wrote and the
 * blueprint, works out for itself what should be, and says in words what is wrong. It shares no rule
 * with stacks/: where the two disagree, one of them is wrong.
 */
import { seatNumbers } from '../../stacks/blueprint.ts'
import type { BlueprintPool, BlueprintSession } from '../../stacks/blueprint.ts'
import type { Compiled, CompileInput } from '../../stacks/compile.ts'
import type {
  Course,
  Flavour,
  Note,
  Policy,
  Pool,
  Resources,
  SessionPlan,
} from '../../stacks/terms.ts'
import { dayMs, minuteMs, timeZoneOf, utcOf, walls, zoneOf } from './calendar.ts'

/** What a session should be, by the referee's own reading. */
export interface Expected {
  course: Course
  pool: string
  group: string | null
  startsAt: number
  endsAt: number
  leadStartsAt: number
  /** Places that must have room, and until when. */
  pieces: { seats: number; until: number }[]
}

/** Seats on a node, as the blueprint says. */
interface Hold {
  session: string
  node: string
  seats: number
  each: Resources
  from: number
  until: number
}

interface Life {
  key: string
  flavour: Flavour
  from: number
  until: number
}

interface Table {
  pool: Pool
  holds: Hold[]
  byNode: Map<string, Hold[]>
  /** Nodes and minutes found in order, so that sessions that share a node do not count it twice. */
  checked: Map<string, Set<number>>
  lives: Life[]
  sessions: { session: BlueprintSession; expected: Expected }[]
  notes: Note[]
}

/** @returns what is wrong; nothing when the compiler is right */
export function referee(
  input: CompileInput,
  { blueprint, notes }: Pick<Compiled, 'blueprint' | 'notes'>,
): string[] {
  const wrong: string[] = []
  const pairs = blueprint.courses.flatMap((planned) => {
    const course = input.courses.find((one) => one.key === planned.key) as Course
    return pair(expectedSessions(course, input), course, planned.sessions, wrong)
  })
  for (const pool of input.pools) {
    const planned = blueprint.pools.find((one) => one.key === pool.key) as BlueprintPool
    const sessions = pairs.filter(({ session }) => session.pool === pool.key)
    const holds = sessions.flatMap(({ session, expected }) => holdsOf(session, expected))
    const byNode = Map.groupBy(holds, (hold) => hold.node)
    const lives = livesOf(pool, planned)
    const table = {
      pool,
      holds,
      byNode,
      checked: new Map<string, Set<number>>(),
      lives,
      sessions,
      notes,
    }
    checkNames(table, planned, wrong)
    for (const one of sessions) checkSession(table, one.session, one.expected, wrong)
    checkNodes(table, wrong)
    checkShortages(table, wrong)
  }
  return wrong
}

/** Every class the documents ask for. Bookings replace a project where nodes are bought. */
export function expectedSessions(course: Course, input: CompileInput): Expected[] {
  if (course.state === 'draft' || course.state === 'archived') return []
  return [...expectedClasses(course, input), ...expectedProjects(course, input)]
}

export function expectedClasses(course: Course, input: CompileInput): Expected[] {
  return course.sessions.flatMap((plan) =>
    walls(plan, zoneOf(course, input.zones)).map((wall) =>
      expectedClass(course, plan, wall, input),
    ),
  )
}

function expectedClass(
  course: Course,
  plan: SessionPlan,
  wall: string,
  input: CompileInput,
): Expected {
  const startsAt = utcOf(wall, timeZoneOf(course, input.zones))
  const group = course.groups.find((one) => one.key === plan.group)
  const students = plan.students ?? group?.students ?? course.students
  const atOnce = Math.min(students, plan.atOnce ?? course.atOnce ?? students)
  const endsAt = startsAt + plan.minutes * minuteMs
  const tail = (plan.stayMinutes + (plan.graceMinutes ?? input.policy.graceMinutes)) * minuteMs
  const pieces: Expected['pieces'] = []
  let left = atOnce
  for (const extra of plan.extraTime.toSorted((a, b) => b.minutes - a.minutes)) {
    const seats = Math.min(left, extra.students)
    left -= seats
    pieces.push({ seats, until: endsAt + extra.minutes * minuteMs + tail })
  }
  pieces.push({ seats: left + plan.spares, until: endsAt + tail })
  const opens = plan.opensMinutesBefore ?? input.policy.opensMinutesBefore
  return {
    course,
    pool: plan.pool ?? course.pool,
    group: plan.group ?? null,
    startsAt,
    endsAt,
    leadStartsAt: startsAt - leadOf(input.policy, opens),
    pieces: pieces.filter((piece) => piece.seats > 0),
  }
}

function leadOf(policy: Policy, opensMinutes: number): number {
  return Math.max(policy.leadMinutes, policy.readyMinutes, opensMinutes) * minuteMs
}

function expectedProjects(course: Course, input: CompileInput): Expected[] {
  const timeZone = timeZoneOf(course, input.zones)
  return course.projects.flatMap((project) => {
    const poolKey = project.pool ?? course.pool
    const isBuying = (input.pools.find((one) => one.key === poolKey)?.flavours.length ?? 0) > 0
    const mode = project.reserve ?? (isBuying ? 'bookings' : 'period')
    const atOnce = Math.min(project.atOnce, project.students ?? course.students)
    const base = { course, pool: poolKey, group: project.group ?? null }
    const make = (from: string, until: string, seats: number): Expected => {
      const startsAt = utcOf(from, timeZone)
      const endsAt = utcOf(until, timeZone)
      const last = endsAt + input.policy.graceMinutes * minuteMs
      const pieces = seats > 0 ? [{ seats, until: last }] : []
      return { ...base, startsAt, endsAt, leadStartsAt: startsAt - leadOf(input.policy, 0), pieces }
    }
    const after = (day: string, n: number) =>
      new Date(Date.parse(`${day}T00:00Z`) + n * dayMs).toISOString().slice(0, 10)
    const seats = mode === 'period' ? atOnce : 0
    const [from = '00:00', to = '24:00'] = (project.hours ?? '00:00-24:00').split('-')
    const end = (day: string) => (to === '24:00' ? `${after(day, 1)}T00:00` : `${day}T${to}`)
    const spans: Expected[] = []
    if (project.hours === undefined)
      spans.push(make(`${project.from}T00:00`, end(project.to), seats))
    else {
      for (let day = project.from; day <= project.to; day = after(day, 1)) {
        spans.push(make(`${day}T${from}`, end(day), seats))
      }
    }
    const booked = project.bookings.map((booking) => {
      const startsAt = utcOf(booking.start, timeZone)
      const until = new Date(Date.parse(`${booking.start}:00Z`) + booking.minutes * minuteMs)
      const places = Math.min(booking.seats, project.students ?? course.students)
      return {
        ...make(booking.start, until.toISOString().slice(0, 16), mode === 'bookings' ? places : 0),
        startsAt,
      }
    })
    return [...spans, ...booked]
  })
}

/** The blueprint has these sessions and no others. */
function pair(expected: Expected[], course: Course, sessions: BlueprintSession[], wrong: string[]) {
  const name = (
    one: { group: string | null; pool: string },
    startsAt: number,
    endsAt: number,
    lead: number,
  ) => [startsAt, endsAt, lead, one.pool, one.group].join(' ')
  const left = expected.toSorted((a, b) => sizeOfPieces(a) - sizeOfPieces(b))
  const pairs: { session: BlueprintSession; expected: Expected }[] = []
  const keys = new Set(sessions.map((one) => one.key))
  if (keys.size < sessions.length) wrong.push(`${course.key}: two sessions have one key`)
  for (const session of sessions) {
    const times = [session.startsAt, session.endsAt, session.leadStartsAt].map((text) =>
      Date.parse(text),
    )
    const wanted = name(session, times[0] ?? 0, times[1] ?? 0, times[2] ?? 0)
    const same = (one: Expected) => name(one, one.startsAt, one.endsAt, one.leadStartsAt) === wanted
    const last = Date.parse(session.graceEndsAt)
    const exact = (one: Expected) =>
      same(one) &&
      Math.max(0, ...one.pieces.map((piece) => piece.until)) === last &&
      sizeOfPieces(one) === reserved(session, one)
    let i = left.findIndex(exact)
    if (i < 0) i = left.findIndex(same)
    const found = left[i]
    if (found === undefined) {
      wrong.push(`${session.key}: no document asks for it`)
      continue
    }
    left.splice(i, 1)
    pairs.push({ session, expected: found })
  }
  for (const one of left)
    wrong.push(`${course.key}: class at ${new Date(one.startsAt).toISOString()} is missing`)
  return pairs
}

function reserved(session: BlueprintSession, expected: Expected): number {
  return expected.pieces.length === 0 ? 0 : session.atOnce + session.spares
}

function sizeOfPieces(one: Expected): number {
  return one.pieces.reduce((sum, piece) => sum + piece.seats, 0)
}

function holdsOf(session: BlueprintSession, expected: Expected): Hold[] {
  const base = { session: session.key, each: expected.course.seat, from: expected.leadStartsAt }
  const longer = session.extra.map((one) => ({ ...base, ...one, until: Date.parse(one.until) }))
  const common = session.placements.map(({ node, seats }) => {
    const kept = longer.filter((one) => one.node === node).reduce((sum, one) => sum + one.seats, 0)
    return { ...base, node, seats: seats - kept, until: Date.parse(session.placesEndAt) }
  })
  return [...common, ...longer].filter((one) => one.seats !== 0)
}

function livesOf(pool: Pool, planned: BlueprintPool): Life[] {
  const flavour = (key: string) => pool.flavours.find((one) => one.key === key) as Flavour
  const bought = planned.nodes.map((node) => ({
    key: node.key,
    flavour: flavour(node.flavour),
    from: Date.parse(node.from),
    until: Date.parse(node.until),
  }))
  const idle = planned.idle.map((node) => ({
    key: node.key,
    flavour: flavour(node.flavour),
    from: -Infinity,
    until: Infinity,
  }))
  return [...idle, ...bought]
}

/** Two nodes never have one name at one time. */
function checkNames({ lives, pool }: Table, planned: BlueprintPool, wrong: string[]): void {
  lives.forEach((one, i) => {
    const twin = lives.find(
      (two, j) => j > i && two.key === one.key && two.from < one.until && one.from < two.until,
    )
    if (twin) wrong.push(`${pool.key}: two nodes are called ${one.key} at one time`)
  })
  const some = pool.flavours.filter((flavour) => flavour.quota > 0)
  const [cheapest] = some.toSorted((a, b) => a.pricePerHour - b.pricePerHour)
  const idle = Math.min(pool.minimumIdle, pool.maximum, cheapest?.quota ?? 0)
  if (planned.idle.length !== idle)
    wrong.push(`${pool.key}: ${planned.idle.length} idle, not ${idle}`)
}

/** Every minute from ready time to end + grace has all it reserved, or a note says how much is missing. */
function checkSession(
  table: Table,
  session: BlueprintSession,
  expected: Expected,
  wrong: string[],
): void {
  const mine = table.holds.filter((hold) => hold.session === session.key)
  const note = table.notes.find(
    (one) =>
      one.severity === 'error' &&
      one.where.session === session.key &&
      typeof one.params['seats'] === 'number',
  )
  const missing = note === undefined ? 0 : Number(note.params['seats'])
  if (mine.some((hold) => hold.seats < 0))
    wrong.push(`${session.key}: fewer places than its extra time`)
  const last = Math.max(expected.leadStartsAt, ...expected.pieces.map((piece) => piece.until))
  let isMissingSeen = missing === 0
  for (let minute = expected.leadStartsAt; minute < last; minute += minuteMs) {
    const wanted = expected.pieces
      .filter((piece) => minute < piece.until)
      .reduce((sum, piece) => sum + piece.seats, 0)
    const held = mine
      .filter((hold) => minute < hold.until)
      .reduce((sum, hold) => sum + hold.seats, 0)
    if (held > wanted)
      return void wrong.push(`${session.key}: ${held} places held, ${wanted} wanted`)
    if (held < wanted - missing)
      return void wrong.push(
        `${session.key}: ${wanted - held} places short at ${new Date(minute).toISOString()}, the note says ${missing}`,
      )
    if (wanted - held === missing) isMissingSeen = true
    for (const hold of mine) {
      if (minute < hold.until && !nodeHolds(table, hold.node, minute)) {
        return void wrong.push(
          `${session.key}: ${hold.node} is off or overfull at ${new Date(minute).toISOString()}`,
        )
      }
    }
  }
  if (!isMissingSeen)
    wrong.push(`${session.key}: the note says ${missing} places are short, none is`)
}

const resources = ['cpu', 'memoryMb', 'gpu'] as const

function capacity(table: Table, node: string, minute: number): Resources | undefined {
  const own = table.pool.nodes.find((one) => one.key === node)
  if (own) return { cpu: own.cpu ?? 0, memoryMb: own.memoryMb ?? 0, gpu: own.gpu }
  const life = table.lives.find((one) => one.key === node && isUp(one, minute))
  return life?.flavour
}

/** On, and booted. */
function isUp(life: Life, minute: number): boolean {
  return life.from + life.flavour.bootMinutes * minuteMs <= minute && minute < life.until
}

function amount(of: Resources, name: (typeof resources)[number], kind: string | undefined): number {
  if (name === 'gpu') return of.gpu !== undefined && of.gpu.kind === kind ? of.gpu.count : 0
  return name === 'cpu' ? Math.round(of.cpu * 1000) : of.memoryMb
}

/** How many such seats the node has room for at a minute; negative when it is overfull. */
function roomAt(table: Table, node: string, minute: number, each: Resources): number {
  const size = capacity(table, node, minute)
  if (size === undefined) return -1
  const here = (table.byNode.get(node) ?? []).filter(
    (hold) => hold.from <= minute && minute < hold.until,
  )
  let room = Infinity
  for (const name of resources) {
    const kinds = name === 'gpu' ? gpuKinds(each, here) : noKind
    for (const kind of kinds) {
      const reserve = name === 'gpu' ? 0 : amount({ ...table.pool.reserve }, name, kind)
      const used = here.reduce((sum, hold) => sum + hold.seats * amount(hold.each, name, kind), 0)
      const free = Math.max(0, amount(size, name, kind) - reserve) - used
      if (free < 0) return -1
      const need = amount(each, name, kind)
      if (need > 0) room = Math.min(room, Math.floor(free / need))
    }
  }
  return room
}

function nodeHolds(table: Table, node: string, minute: number): boolean {
  let good = table.checked.get(node)
  if (good === undefined) {
    good = new Set()
    table.checked.set(node, good)
  }
  if (good.has(minute)) return true
  const isGood = roomAt(table, node, minute, { cpu: 0, memoryMb: 0 }) >= 0
  if (isGood) good.add(minute)
  return isGood
}

const noKind = [undefined]

function gpuKinds(each: Resources, here: Hold[]): (string | undefined)[] {
  const kinds = new Set<string | undefined>([each.gpu?.kind])
  for (const hold of here) kinds.add(hold.each.gpu?.kind)
  return [...kinds]
}

/** A bought node boots, is used, or waits no longer than a boot between two uses; limits hold. */
function checkNodes({ pool, lives, holds }: Table, wrong: string[]): void {
  for (const life of lives) {
    if (life.from === -Infinity) continue
    const bootMs = life.flavour.bootMinutes * minuteMs
    const uses = holds.filter(
      (hold) => hold.node === life.key && hold.from < life.until && life.from < hold.until,
    )
    let idleSince: number | undefined
    let isUsed = false
    for (let minute = life.from + bootMs; minute < life.until; minute += minuteMs) {
      const isBusy = uses.some((use) => use.from <= minute && minute < use.until)
      if (isBusy) {
        if (idleSince !== undefined && minute - idleSince > bootMs)
          wrong.push(`${life.key}: kept over a gap longer than a boot`)
        isUsed = true
        idleSince = undefined
      } else idleSince ??= minute
      if (!isUsed) return void wrong.push(`${life.key}: on before its first use`)
    }
    if (idleSince !== undefined || !isUsed) wrong.push(`${life.key}: on after its last use`)
  }
  for (const { from, flavour } of lives) {
    if (from === -Infinity) continue
    const now = lives.filter((one) => one.from <= from && from < one.until)
    if (now.length > pool.maximum)
      wrong.push(`${pool.key}: ${now.length} nodes, maximum ${pool.maximum}`)
    const same = now.filter((one) => one.flavour === flavour)
    if (same.length > flavour.quota)
      wrong.push(`${pool.key}: ${same.length} of ${flavour.key}, quota ${flavour.quota}`)
  }
}

/** Who is said not to fit does not fit: no node had room all along, and none could be bought. */
function checkShortages(table: Table, wrong: string[]): void {
  for (const { session, expected } of table.sessions) {
    const isShort = table.notes.some(
      (note) =>
        note.severity === 'error' &&
        note.where.session === session.key &&
        typeof note.params['seats'] === 'number',
    )
    if (!isShort) continue
    const shortest = Math.min(...expected.pieces.map((piece) => piece.until))
    const span = { from: expected.leadStartsAt, until: shortest }
    const each = expected.course.seat
    const standing = [
      ...table.pool.nodes.map((node) => node.key),
      ...table.lives
        .filter((life) => life.from === -Infinity || coversAll(life, span))
        .map((life) => life.key),
    ]
    const roomy = standing.find((node) =>
      everyMinute(span, (minute) => roomAt(table, node, minute, each) >= 1),
    )
    // Only a session all of whose places are alike: with extra time, what fits depends on who stays.
    if (roomy !== undefined && expected.pieces.length === 1)
      wrong.push(`${session.key}: said not to fit, but ${roomy} has room`)
    for (const flavour of table.pool.flavours) {
      if (couldBuy(table, flavour, each, span) && expected.pieces.length === 1)
        wrong.push(`${session.key}: said not to fit, but a ${flavour.key} could be bought`)
    }
  }
}

function coversAll(life: Life, span: { from: number; until: number }): boolean {
  return life.from + life.flavour.bootMinutes * minuteMs <= span.from && span.until <= life.until
}

function everyMinute(
  span: { from: number; until: number },
  holds: (minute: number) => boolean,
): boolean {
  for (let minute = span.from; minute < span.until; minute += minuteMs)
    if (!holds(minute)) return false
  return true
}

function couldBuy(
  { pool, lives }: Table,
  flavour: Flavour,
  each: Resources,
  span: { from: number; until: number },
): boolean {
  const fits = resources.every((name) => {
    const reserve = name === 'gpu' ? 0 : amount(pool.reserve as Resources, name, undefined)
    return (
      amount(each, name, each.gpu?.kind) <=
      Math.max(0, amount(flavour, name, each.gpu?.kind) - reserve)
    )
  })
  if (!fits) return false
  const life = { from: span.from - flavour.bootMinutes * minuteMs, until: span.until }
  return everyMinute(life, (minute) => {
    const now = lives.filter((one) => one.from <= minute && minute < one.until)
    return (
      now.length < pool.maximum &&
      now.filter((one) => one.flavour === flavour).length < flavour.quota
    )
  })
}

/** Seats are numbers in order, without gaps that nobody explains. */
export function checkNumbers(session: BlueprintSession, dormant: number[]): string[] {
  const numbers = seatNumbers(session.seats)
  const wrong: string[] = []
  if (numbers.length < session.students + session.spares)
    wrong.push(`${session.key}: fewer seats than students`)
  if (numbers.some((seat) => dormant.includes(seat)))
    wrong.push(`${session.key}: a dormant seat is used`)
  return wrong
}
