import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Platform = {
  id: string
  name: string
  issuer: string
  state: string
  deployments: { id: string; deploymentId: string; state: string }[]
}

export const command: Command = {
  summary: 'List the LMS platforms and their deployments',
  async run({ api, print, json }) {
    const answer = await api.get<{ platforms: Platform[] }>('/api/platforms')
    if (json) return void print(JSON.stringify(answer))
    if (answer.platforms.length === 0)
      return void print('No LMS is connected. Make a link: labplan registration-link create')
    const rows = answer.platforms.map((one) => [
      one.id,
      one.name,
      one.state,
      one.issuer,
      one.deployments.map((at) => `${at.deploymentId} (${at.state})`).join(', '),
    ])
    print(table(['PLATFORM', 'NAME', 'STATE', 'ISSUER', 'DEPLOYMENTS'], rows))
  },
}
