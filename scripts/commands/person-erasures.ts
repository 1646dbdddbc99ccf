import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Erasure = {
  state: string
  ordered_by: string
  ordered_at: string
  items: { kind: string; name: string; course: string; state: string; kept_until: string | null }[]
  receipts: { number: number }[]
}

export const command: Command = {
  summary: 'List erasures with what is gone, kept and still to go, and check their receipts',
  help: `
Nobody's name is in it. Each receipt holds the hash of the one before it: one that was
changed or removed shows. Exit code 1 when the chain is broken. --json prints all of it.`,
  async run({ api, complain, json, print }) {
    const answer = await api.get<{ erasures: Erasure[]; broken: number | null }>('/api/erasures')
    if (json) print(JSON.stringify(answer))
    else if (answer.erasures.length === 0) print('Nobody was erased yet.')
    else print(table(HEADS, answer.erasures.map(lineOf)))
    if (answer.broken === null) return 0
    complain(`Receipt ${answer.broken} is not what the chain says: compare with a backup.`)
    return 1
  },
}

const HEADS = ['ORDERED (UTC)', 'BY', 'STATE', 'GONE', 'KEPT', 'TO GO', 'RECEIPTS']

function lineOf({ ordered_at: at, ordered_by: by, state, items, receipts }: Erasure) {
  const count = (what: string) => items.filter((item) => item.state === what).length
  return [
    ...[at.slice(0, 16).replace('T', ' '), by, state],
    ...[count('gone'), count('kept'), count('wanted')],
    receipts.map(({ number }) => number).join(', ') || '-',
  ]
}
