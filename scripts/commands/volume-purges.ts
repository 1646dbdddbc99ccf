import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Receipt = { number: number; body: string; hash: string }
type Body = {
  /** A person's own is of no course and no seat. */
  volume?: { name: string; course?: string; seat?: number; generation: number }
  /** Instead of a volume: a version of what a course's workspaces read. */
  data?: { name: string; course: string; version: number }
  times: { keptUntil: string | null; toldAt: string | null; doneAt: string }
  before: { diskBytes: number } | null
}

export const command: Command = {
  summary: 'List the receipts of purged volumes, and check their chain',
  help: `
A volume is purged once its date has come and its course was told a week before; so
is a version of a course's data, whose number is in GEN. Each receipt holds the hash
of the one before it: one that was changed or removed shows. Exit code 1 when the chain is broken. --json prints them as they are stored.`,
  async run({ api, complain, json, print }) {
    const answer = await api.get<{ receipts: Receipt[]; broken: number | null }>(
      '/api/volumes/purges',
    )
    if (json) print(JSON.stringify(answer))
    else if (answer.receipts.length === 0) print('Nothing was purged yet.')
    else print(table(HEADS, answer.receipts.map(lineOf)))
    if (answer.broken === null) return 0
    complain(`Receipt ${answer.broken} is not what the chain says: compare with a backup.`)
    return 1
  },
}

const HEADS = [
  'NO.',
  'COURSE',
  'SEAT',
  'GEN.',
  'TOLD',
  'KEPT UNTIL',
  'PURGED (UTC)',
  'SIZE',
  'SEAL',
]

function lineOf({ number, body, hash }: Receipt): (string | number)[] {
  const { volume, data, times, before } = JSON.parse(body) as Body
  const [course, seat, generation] = data
    ? [data.course, 'data', data.version]
    : [volume?.course ?? '(personal)', volume?.seat ?? '-', volume?.generation ?? '-']
  const dateOf = (at: string | null) => at?.slice(0, 10) ?? '-'
  return [
    ...[number, course, seat, generation, dateOf(times.toldAt)],
    ...[dateOf(times.keptUntil), times.doneAt.slice(0, 16).replace('T', ' ')],
    ...[before ? `${Math.ceil(before.diskBytes / 1024 / 1024)} MB` : '-', hash.slice(0, 12)],
  ]
}
