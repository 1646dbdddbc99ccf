/** What is wrong with a pool's machines and with those of its classes that fit, or are said not to. */
import type { BlueprintPool, BlueprintSession } from '../../stacks/blueprint.ts'
import type { Resources } from '../../stacks/terms.ts'
import type { Flavour } from '../../stacks/terms-pool.ts'
import { minuteMs } from './calendar.ts'
import type { Expected } from './expected.ts'
import { amount, type Life, nodeHolds, resources, roomAt, type Table } from './room.ts'

/** Two nodes never have one name at one time. */
export function checkNames({ lives, pool }: Table, planned: BlueprintPool, wrong: string[]): void {
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
export function checkSession(
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

/** A bought node boots, is used, or waits no longer than a boot between two uses; limits hold. */
export function checkNodes({ pool, lives, holds }: Table, wrong: string[]): void {
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
export function checkShortages(table: Table, wrong: string[]): void {
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
