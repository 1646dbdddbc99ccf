import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Session = {
  key: string
  course: string
  pool: string
  state: string
  startsAt: string
  endsAt: string
  students: number
  atOnce: number
  leadStartsAt: string
  lead: string
  earlyPlan: { state: string; at: string | null; problems: string; unknown: string } | null
  message: string | null
}

export const command: Command = {
  summary: 'List the sessions under way and to come',
  usage: '[COURSE] [--limit N] [--why]',
  help: `
Times are UTC. A session that no pool can hold is listed as "does not fit":
nothing is made for it until its course or its pool changes.
PREPARED is when its seats begin to be made; --why says how that was learned,
and what the early plan (at noon of the last working day before, and a day
before it starts) found.`,
  options: { limit: { type: 'string' }, why: { type: 'boolean' } },
  async run({ api, print, json, args, options }) {
    const answer = await api.get<{ sessions: Session[] }>('/api/sessions')
    const limit = Number(options['limit'] ?? 20)
    const wanted = answer.sessions.filter((one) => !args[0] || one.course === args[0])
    if (json) return void print(JSON.stringify({ sessions: wanted }))
    if (wanted.length === 0) return void print('No session to come.')
    const rows = wanted
      .slice(0, limit)
      .map((one) => [
        one.course,
        one.leadStartsAt.slice(11, 16),
        one.startsAt.slice(0, 16).replace('T', ' '),
        one.endsAt.slice(11, 16),
        one.students,
        one.atOnce,
        one.pool,
        stateOf(one),
      ])
    print(
      table(
        ['COURSE', 'PREPARED', 'FROM (UTC)', 'TO', 'STUDENTS', 'AT ONCE', 'POOL', 'STATE'],
        rows,
      ),
    )
    if (options['why'] === true)
      for (const one of wanted.slice(0, limit))
        print([`\n${one.key}`, ...reasonsOf(one)].join('\n  '))
    if (wanted.length > limit) print(`… and ${wanted.length - limit} more (--limit).`)
  },
}

function stateOf({ message, state, earlyPlan }: Session): string {
  if (message === 'session.does-not-fit') return 'does not fit'
  return state === 'planned' && earlyPlan?.state === 'failed' ? 'would fail (--why)' : state
}

function reasonsOf({ lead, earlyPlan }: Session): string[] {
  const begin = lead || 'No lead learned yet: the policy’s holds.'
  if (!earlyPlan?.at) return [begin, 'Not planned early yet.']
  const { at, problems, unknown } = earlyPlan
  const found = problems || (unknown ? 'nothing stands in its way.' : 'it would work.')
  return [
    begin,
    `Planned early at ${at.slice(0, 16).replace('T', ' ')}: ${found}`,
    ...(unknown ? [unknown] : []),
  ]
}
