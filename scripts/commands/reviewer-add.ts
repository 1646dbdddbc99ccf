import { type Command, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Put somebody into a team of the policy',
  usage: 'PERSON TEAM',
  help: `
PERSON is a pseudonym, as labplan reviewer list shows it and the audit log has it. The
policy is in Git and names teams only.`,
  async run({ api, print, json, args }) {
    const [person, team] = args
    if (!person || !team)
      throw usedWrongly('Who, and which team? labplan reviewer add p-1a2b3c4d gpu-team')
    const answer = await api.post('/api/reviewers', { person, team, isIn: true })
    print(json ? JSON.stringify(answer) : `${person} is in ${team}.`)
  },
}
