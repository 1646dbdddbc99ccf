import { type Command, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Let an engine and its providers apply plans, after an upgrade',
  usage: 'TOOLS',
  help: `
TOOLS is the digest, or its first 12 digits, as labplan tools list shows it. What was
held for them goes on by itself.`,
  async run({ api, print, json, args }) {
    const [digest] = args
    if (!digest) throw usedWrongly('Which tools? See labplan tools list.')
    const answer = await api.post<{ digest: string }>('/api/tools', { digest })
    print(json ? JSON.stringify(answer) : `Tools ${answer.digest.slice(0, 12)} may apply plans.`)
  },
}
