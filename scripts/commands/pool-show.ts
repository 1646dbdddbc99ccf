import { type Command, usedWrongly } from '../command.ts'
import {
  causeLines,
  managersLine,
  nodeTable,
  openness,
  planLine,
  type Pool,
  regionLines,
  storageLines,
  withoutPlaceLines,
} from '../pools.ts'

export const command: Command = {
  summary: 'Show a pool: its machines and how full they are, what is planned, what is wrong',
  usage: 'POOL',
  help: `
A machine is wanted, creating, booted, joined, ready, draining, drained or gone
(docs/pools.md); one that was there before Labplan is up, away or closed.
Cores and memory are what seats reserve, of what the machine has. Times are UTC.`,
  async run({ api, args, json, print }) {
    const [key] = args
    if (!key) throw usedWrongly('Which pool? labplan pool list')
    const pool = await api.get<Pool>(`/api/pools/${encodeURIComponent(key)}`)
    if (json) return void print(JSON.stringify(pool))
    print(`${pool.title?.en ?? pool.key}: ${openness(pool)}`)
    if (pool.closedReason) print(`  ${pool.closedReason}`)
    for (const line of storageLines(pool)) print(`  ${line}`)
    for (const line of withoutPlaceLines(pool)) print(`  ${line}`)
    if (pool.isCloud && !pool.credentialAt)
      print(`  Nobody has said how its cloud is entered: labplan pool credential ${pool.key}`)
    for (const { key: stack, message, cause } of pool.troubles)
      print(`  ${stack}: ${cause ? causeLines(cause).replaceAll('\n', '\n  ') : message}`)
    for (const line of regionLines(pool)) print(`  ${line}`)
    const managers = managersLine(pool)
    if (managers) print(`  ${managers}`)
    const plan = planLine(pool)
    if (plan) print(`  ${plan}`)
    if (pool.cost)
      print(
        `  ${pool.cost.price.toFixed(2)} ${pool.cost.currency} for ${pool.cost.hours.toFixed(1)} machine hours in 30 days`,
      )
    print(pool.nodes.length > 0 ? nodeTable(pool) : 'No machine now.')
  },
}
