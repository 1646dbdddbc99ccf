import type { Finding } from '../../api/data/runs/finding.ts'
import type { InventoryCounts } from '../../api/data/runs/inventory.ts'
import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Answer = {
  lookedAt: string | null
  counts: InventoryCounts
  findings: (Omit<Finding, 'firstSeenAt'> & { firstSeenAt: string; says: string; will: string })[]
}

export const command: Command = {
  summary: 'Show what exists beside what should: leaked, missing, altered, strange',
  help: `
The worker looks at the Swarm once a minute; what two looks in a row find is
listed, and what is put right by itself says so. Volumes and what others made
are never touched. Exit code 1 when something is off. Times are UTC.`,
  async run({ api, json, print }) {
    const answer = await api.get<Answer>('/api/inventory')
    const code = answer.findings.length > 0 ? 1 : 0
    if (json) print(JSON.stringify(answer))
    else for (const line of linesOf(answer)) print(line)
    return code
  },
}

function linesOf({ lookedAt, counts, findings }: Answer): string[] {
  if (lookedAt === null)
    return ['Nobody has looked yet: the worker looks once a minute. Is it running? labplan doctor']
  const found = Object.entries(counts).map(
    ([kind, { all, on }]) =>
      `${all} ${kind}${all === 1 ? '' : 's'}${on === undefined ? '' : ` (${on} on)`}`,
  )
  const looked = `Looked at ${utc(lookedAt)}: ${found.join(', ')}.`
  if (findings.length === 0) return [looked, 'Nothing is off.']
  const rows = findings.map((one) => [one.kind, one.object, one.name, utc(one.firstSeenAt)])
  const [head = '', ...lines] = table(['WHAT', 'KIND', 'NAME', 'SINCE (UTC)'], rows).split('\n')
  return [
    looked,
    '',
    head,
    ...findings.flatMap((one, i) => [lines[i] ?? '', `    ${one.says}`, `    → ${one.will}`]),
  ]
}

const utc = (instant: string): string => instant.slice(0, 16).replace('T', ' ')
