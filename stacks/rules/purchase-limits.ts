/** May one more machine be bought, or stay on, within the pool's maximum and the flavour's quota? */
import type { Demand } from './demand.ts'
import type { Machine, Market, Offer } from './machines.ts'

/** Bought machines that live through the stretch besides its own: they count for the maximum. */
export interface Lives {
  flavour: string
  from: number
  until: number
}

/** Where a sweep stands. */
export interface Purchases {
  market: Market
  /** Epoch ms: no machine bought so far is used first after it. */
  at: number
  /** All bought so far, also those that are gone: they count for the maximum around their end. */
  bought: Machine[]
  others: Lives[]
}

/** Staying on over a gap, the machine counts for the maximum meanwhile; so it does beyond its end. */
export function mayStay(sofar: Purchases, machine: Machine, demand: Demand): boolean {
  // Here nothing starts later than the sweep stands, so staying on adds to no peak.
  if (sofar.others.length === 0 && machine.until > sofar.at) return true
  const { offer, until } = machine
  return machinesLeft(sofar, offer as Offer, until, demand.until, machine) > 0
}

export function mayBuy(sofar: Purchases, offer: Offer, demand: Demand): boolean {
  return purchasesLeft(sofar, offer, demand) > 0
}

/** So many may be bought at once: at least, when there are some. */
export function purchasesLeft(sofar: Purchases, offer: Offer, demand: Demand): number {
  return machinesLeft(sofar, offer, demand.from - offer.bootMs, demand.until, undefined)
}

/**
 * So many more machines of this flavour, on from `from` to `until`, keep maximum and quota: at least, when there are
 * some.
 */
function machinesLeft(
  sofar: Purchases,
  offer: Offer,
  from: number,
  until: number,
  except: Machine | undefined,
): number {
  const { market, bought, others } = sofar
  const mostAll = market.pool.maximum - market.idle
  const mostSame = offer.quota - (offer === market.idleOffer ? market.idle : 0)
  const most = Math.min(mostAll, mostSame)
  if (bought.length + others.length < most) return most - bought.length - others.length
  const span = { from, until, except }
  const { all, early, earlySame } = countNear(sofar, offer, span)
  if (all < most) return most - all
  // Who is on from before the beginning is on then, all at once: mostly that is everybody, and nothing else is asked.
  if (early === all || early >= mostAll || earlySame >= mostSame)
    return Math.min(mostAll - early, mostSame - earlySame)
  const near = livesNear(sofar, span)
  const alike = near.filter((life) => life.flavour === offer.flavour)
  return Math.min(mostAll - peak(near, from), mostSame - peak(alike, from))
}

type Span = { from: number; until: number; except: Machine | undefined }

/** Lives that meet a span, and of these, the ones that begin no later than it: all, and of one flavour. */
function countNear({ bought, others }: Purchases, offer: Offer, { from, until, except }: Span) {
  const count = { all: 0, early: 0, earlySame: 0 }
  const note = (start: number, isSame: boolean) => {
    count.all++
    if (start > from) return
    count.early++
    if (isSame) count.earlySame++
  }
  for (const one of bought) {
    const start = one.from - (one.offer?.bootMs ?? 0)
    if (one !== except && one.until > from && start < until) note(start, one.offer === offer)
  }
  for (const life of others)
    if (life.from < until && from < life.until) note(life.from, life.flavour === offer.flavour)
  return count
}

function livesNear({ bought, others }: Purchases, { from, until, except }: Span): Lives[] {
  const meets = (life: Lives) => life.from < until && from < life.until
  const lives = bought.filter((one) => one !== except && one.until > from).map(lifeOf)
  return [...others, ...lives].filter(meets)
}

export function lifeOf(machine: Machine): Lives {
  const { offer } = machine
  return {
    flavour: offer?.flavour ?? '',
    from: machine.from - (offer?.bootMs ?? 0),
    until: machine.until,
  }
}

/** The most lives at any one instant from `from` on. */
export function peak(lives: Lives[], from: number): number {
  const ends = lives.map((life) => life.until).toSorted((a, b) => a - b)
  let ended = 0
  let most = 0
  let count = 0
  for (const life of lives.toSorted((a, b) => a.from - b.from)) {
    const at = Math.max(from, life.from)
    while (ended < ends.length && (ends[ended] as number) <= at) ended++
    count++
    most = Math.max(most, count - ended)
  }
  return most
}
