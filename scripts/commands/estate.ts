import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Estate = {
  address: string
  state: 'current' | 'held'
  commit: string | null
  message: string | null
  forge?: { kind: string; address: string; state: 'current' | 'held'; message: string | null }
  waiting: { title: string; branch: string }[]
}

export const command: Command = {
  summary: 'Say where the plan is in Git, and what waits there for a merge',
  help: `
Clone the address it prints. Main stands for what is approved; each change that waits has
a branch, and merging that into main approves it. Answers 1 while nothing can be
written to Git, or the forge cannot be told. See docs/estate.md.`,
  async run({ api, print, json }) {
    const estate = await api.get<Estate>('/api/estate')
    const status = estate.state === 'held' || estate.forge?.state === 'held' ? 1 : 0
    if (json) {
      print(JSON.stringify(estate))
      return status
    }
    print(estate.address)
    print(estate.commit ? `main is at ${estate.commit.slice(0, 12)}` : 'nothing is approved yet')
    if (estate.message) print(`! ${estate.message}`)
    if (estate.forge) print(`merge requests: ${estate.forge.address} (${estate.forge.kind})`)
    if (estate.forge?.message) print(`! ${estate.forge.message}`)
    if (estate.waiting.length > 0)
      print(
        `\n${table(
          ['WAITS FOR A MERGE', 'BRANCH'],
          estate.waiting.map((one) => [one.title, one.branch]),
        )}`,
      )
    return status
  },
}
