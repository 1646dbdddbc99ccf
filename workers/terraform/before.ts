/** The caller's part of a run, and the values that the configuration leaves open. */
import { z } from 'zod'
import { networkName, seatNumber3 } from '../../stacks/parts/names.ts'
import { isOfMachines } from '../../stacks/content.ts'
import type { Ending, RunContext } from './context.ts'

/** Seats are held and cold and their secrets made; every variable has its value. */
export async function callBefore(ctx: RunContext): Promise<Ending | undefined> {
  const { content, request, found, runId } = ctx
  const {
    secrets = {},
    join = {},
    replace = [],
    cold,
    outdated,
    asWanted = [],
  } = (await request.before?.({ runId, stop: AbortSignal.any([ctx.stop, ctx.over]) })) ?? {}
  if (outdated) return { state: 'held', message: outdated, isOutdated: true }
  found.asWanted = asWanted
  // It may fail while the plan is made: whoever waits for it then hears of it.
  cold?.catch(() => {})
  if (cold) found.cold = cold
  if (isOfMachines(content)) {
    found.variables = { join }
    found.replace = [...new Set([...found.replace, ...replace])]
  }
  if (content.kind !== 'seats' || content.seats.length === 0) return undefined
  const without = content.seats.filter((seat) => !secrets[seat.number])
  if (without.length > 0)
    return { state: 'failed', message: `No Swarm secret was made for seat ${without[0]!.number}.` }
  const ids = content.seats.map(({ number }) => [seatNumber3(number), secrets[number]])
  const networks = await networkIds(ctx)
  const missing = Object.entries(networks).find(([, id]) => id === undefined)
  if (missing)
    return {
      state: 'failed',
      message: `There is no Swarm network ${missing[0]}: make the pool's base first.`,
    }
  found.variables = { run: runId, secrets: Object.fromEntries(ids), networks }
}

const network = z.looseObject({ Id: z.string(), Name: z.string() })

async function networkIds({
  services,
  content,
}: RunContext): Promise<Record<string, string | undefined>> {
  if (content.kind !== 'seats') return {}
  const keys = new Set(
    content.seats.map((seat) => seat.template.network).filter((key) => key !== 'none'),
  )
  const names = [...keys].map((key) => networkName(content.installation, key))
  if (names.length === 0) return {}
  const answer = await services.docker.call('GET', '/networks', {
    query: { filters: { name: names } },
  })
  const known = z.array(network).parse(answer)
  return Object.fromEntries(names.map((name) => [name, known.find((one) => one.Name === name)?.Id]))
}
