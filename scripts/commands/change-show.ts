import { type Command, usedWrongly } from '../command.ts'
import { table } from '../table.ts'

type Row = Record<
  | 'when'
  | 'from'
  | 'until'
  | 'times'
  | 'atOnce'
  | 'cores'
  | 'memoryMb'
  | 'gpus'
  | 'nodes'
  | 'price',
  string | number
>
type Change = {
  id: string
  title: string
  lane: string
  state: string
  digest: string
  message: string | null
  rules: { key: string; title: string }[]
  waiting: {
    approvals: { teams: string[]; solo: boolean; at: string }[]
    missing: { rule: string; count: number; by: string[] }[]
    deputies: { by: string[]; at: string }[]
  }
  forge?: { state: string; number: number | null; address: string | null; message: string | null }
  difference: string[]
  courses: { course: string; rows: Row[] }[]
  counts: { stack: string; create: number; update: number; delete: number }[]
  plans: {
    stack: string
    counts: { create: number; update: number; replace: number; delete: number } | null
    message: string | null
  }[]
  notes: { severity: string; text: string; where: { course?: string } }[]
}

export const command: Command = {
  summary: 'Show one change: what differs, what it takes, what the planner says',
  usage: 'CHANGE',
  help: `
Answers 0 when it is approved, 1 when it waits, 2 when it was rejected or replaced:
for scripts that wait for a review.`,
  async run({ api, print, json, args }) {
    const [id] = args
    if (!id) throw usedWrongly('Which change? See labplan change list.')
    const change = await api.get<Change>(`/api/changes/${encodeURIComponent(id)}`)
    const status = { approved: 0, proposed: 1 }[change.state] ?? 2
    if (json) {
      print(JSON.stringify(change))
      return status
    }
    print(`${change.title}: ${change.state} (${change.lane} lane, ${change.digest.slice(0, 12)})`)
    if (change.message) print(`  ${change.message}`)
    for (const line of gateLines(change)) print(`  ${line}`)
    if (change.forge?.address) print(`  ${change.forge.state} there: ${change.forge.address}`)
    if (change.forge?.message) print(`  ! ${change.forge.message}`)
    for (const line of change.difference) print(`  ${line}`)
    for (const { course, rows } of change.courses) {
      const cells = rows.map((row) => [
        ...[row.when, `${row.times} from ${row.from}`, row.atOnce, row.cores],
        ...[Math.round(Number(row.memoryMb) / 102.4) / 10, row.gpus, row.nodes, row.price],
      ])
      const heads = ['WHEN', 'DAYS', 'AT ONCE', 'CORES', 'RAM GB', 'GPUS', 'NODES', 'PRICE']
      print(`\n${course}`)
      if (cells.length > 0) print(table(heads, cells))
    }
    if (change.counts.length > 0) {
      const cells = change.counts.map((one) => [one.stack, one.create, one.update, one.delete])
      print(`\n${table(['STACK', 'CREATE', 'UPDATE', 'DELETE'], cells)}`)
    }
    for (const { stack, counts, message } of change.plans)
      print(
        `Terraform, ${stack}: ${message ?? `${counts?.create ?? 0} to create, ${counts?.update ?? 0} to update, ${counts?.replace ?? 0} to replace, ${counts?.delete ?? 0} to delete`}`,
      )
    for (const note of change.notes)
      if (note.severity !== 'info')
        print(`${note.severity}: ${note.where.course ?? ''} ${note.text}`)
    return status
  },
}

function gateLines({ rules, waiting }: Change): string[] {
  const time = (at: string) => at.slice(0, 16).replace('T', ' ')
  return [
    ...rules.map((rule) => `${rule.key}: ${rule.title}`),
    ...waiting.approvals.map(
      ({ teams, solo, at }) =>
        `approved for ${teams.join(', ')}${solo ? ' (solo)' : ''} at ${time(at)} UTC`,
    ),
    ...waiting.missing.map(({ rule, count, by }) => `${rule} needs ${count} of ${by.join(', ')}`),
    ...waiting.deputies.map(({ by, at }) => `from ${time(at)} UTC on also ${by.join(', ')}`),
  ]
}
