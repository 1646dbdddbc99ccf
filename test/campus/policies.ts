/** What simple habits would buy for the same classes: the yardsticks beside the compiler's plan. */
import { sizeOf } from './lower-bound.ts'
import type { Claim, PoolClaims, Spent } from './lower-bound.ts'

const hourMs = 3_600_000

type Size = { size: number[]; price: number; bootMs: number }

/** Enough nodes for the fullest minute, on from the first class to the last. */
export function peakSized(claims: PoolClaims): Spent {
  const [flavour] = sizes(claims)
  if (flavour === undefined || claims.claims.length === 0) return { nodeHours: 0, price: 0 }
  let most = 0
  for (const { from } of claims.claims) {
    const now = claims.claims.filter((one) => one.from <= from && from < one.until)
    const used = (i: number) => now.reduce((sum, one) => sum + one.seats * (one.each[i] ?? 0), 0)
    const own = claims.pool.nodes.map((node) => sizeOf(node, claims.pool, claims.kinds))
    flavour.size.forEach((size, i) => {
      const rest = used(i) - own.reduce((sum, node) => sum + (node[i] ?? 0), 0)
      if (rest > 0) most = Math.max(most, Math.ceil(rest / size))
    })
  }
  const first = Math.min(...claims.claims.map((one) => one.from))
  const last = Math.max(...claims.claims.map((one) => one.until))
  const hours = (most * (last - first)) / hourMs
  return { nodeHours: hours, price: hours * flavour.price }
}

/** Nodes of its own for each session, ordered one hour ahead: what an administrator does by hand. */
export function perSession(claims: PoolClaims): Spent {
  const [flavour] = sizes(claims)
  const spent: Spent = { nodeHours: 0, price: 0 }
  if (flavour === undefined) return spent
  for (const claim of claims.claims) {
    const nodes = Math.ceil(claim.seats / fit(flavour.size, claim.each))
    const hours = (nodes * (claim.until - (claim.startsAt - hourMs))) / hourMs
    spent.nodeHours += hours
    spent.price += hours * flavour.price
  }
  return spent
}

/** Seats on the first node with room, else a new one; a node goes when its last seat ends. */
export function firstFit(claims: PoolClaims): Spent {
  const [flavour] = sizes(claims)
  const spent: Spent = { nodeHours: 0, price: 0 }
  if (flavour === undefined) return spent
  let open = claims.pool.nodes.map((node) => newNode(sizeOf(node, claims.pool, claims.kinds), true))
  for (const claim of claims.claims.toSorted(
    (a, b) => a.from - b.from || (a.session < b.session ? -1 : 1),
  )) {
    for (const node of open) leave(node, claim.from)
    open = open.filter((node) => node.isOwn || node.seats.length > 0)
    let left = claim.seats
    for (const node of open) left -= sit(node, claim, left)
    while (left > 0) {
      const node = newNode(flavour.size, false)
      const seats = sit(node, claim, left)
      if (seats === 0) break
      left -= seats
      open.push(node)
      spent.nodeHours += flavour.bootMs / hourMs
    }
    for (const node of open) {
      if (node.isOwn || node.until >= node.last) continue
      spent.nodeHours += (node.last - Math.max(node.until, claim.from)) / hourMs
      node.until = node.last
    }
  }
  return { nodeHours: spent.nodeHours, price: spent.nodeHours * flavour.price }
}

interface Node {
  free: number[]
  isOwn: boolean
  seats: Claim[]
  /** Paid until, and last seat's end. */
  until: number
  last: number
}

function newNode(size: number[], isOwn: boolean): Node {
  return { free: [...size], isOwn, seats: [], until: -Infinity, last: -Infinity }
}

function leave(node: Node, at: number): void {
  for (const claim of node.seats) {
    if (claim.until <= at)
      claim.each.forEach((x, i) => (node.free[i] = (node.free[i] ?? 0) + x * claim.seats))
  }
  node.seats = node.seats.filter((claim) => claim.until > at)
}

function sit(node: Node, claim: Claim, most: number): number {
  const seats = Math.min(most, fit(node.free, claim.each))
  if (seats <= 0) return 0
  claim.each.forEach((x, i) => (node.free[i] = (node.free[i] ?? 0) - x * seats))
  node.seats.push({ ...claim, seats })
  node.last = Math.max(node.last, claim.until)
  return seats
}

function fit(free: number[], each: number[]): number {
  return Math.min(...each.map((x, i) => (x === 0 ? Infinity : Math.floor((free[i] ?? 0) / x))))
}

/** Largest first: simple habits know one size. */
function sizes({ pool, kinds }: PoolClaims): Size[] {
  return pool.flavours
    .map((one) => ({
      size: sizeOf(one, pool, kinds),
      price: one.pricePerHour,
      bootMs: one.bootMinutes * 60_000,
    }))
    .toSorted((a, b) => (b.size[0] ?? 0) - (a.size[0] ?? 0))
}
