import { type Command, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Let people in from an LMS platform that registered',
  usage: 'PLATFORM',
  async run({ api, print, json, args }) {
    const [id] = args
    if (!id) throw usedWrongly('Which platform? See labplan platform list.')
    const path = `/api/platforms/${encodeURIComponent(id)}/activation`
    const answer = await api.post<{ name: string }>(path, { state: 'active' })
    print(json ? JSON.stringify(answer) : `${answer.name}: active.`)
  },
}
