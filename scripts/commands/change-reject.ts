import { type Command, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Reject a change that waits, with a reason',
  usage: 'CHANGE REASON',
  help: `
Whoever proposed it reads the reason. Nothing of it comes into force.`,
  async run({ api, print, json, args }) {
    const [id, ...words] = args
    const reason = words.join(' ').trim()
    if (!id || reason === '')
      throw usedWrongly('Which change, and why? labplan change reject ID "too many machines"')
    const path = `/api/changes/${encodeURIComponent(id)}/rejection`
    const answer = await api.post(path, { reason })
    print(json ? JSON.stringify(answer) : 'Rejected.')
  },
}
