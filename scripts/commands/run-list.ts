import { type Command, usedWrongly } from '../command.ts'
import { type Run, minute, took } from '../runs.ts'
import { table } from '../table.ts'

const STATES = ['under-way', 'trouble', 'cancelled', 'applied']

export const command: Command = {
  summary: 'List the latest runs, of all stacks or of one',
  usage: '[STACK] [--state under-way|trouble|cancelled|applied]',
  options: { state: { type: 'string' } },
  async run({ api, print, json, args, options }) {
    const [stack] = args
    const { state } = options
    if (state !== undefined && !STATES.includes(String(state)))
      throw usedWrongly(`--state is one of ${STATES.join(', ')}.`)
    const query = new URLSearchParams({
      ...(stack && { stack }),
      ...(state !== undefined && { state: String(state) }),
    })
    const answer = await api.get<{ runs: Run[] }>(`/api/runs?${query}`)
    if (json) return void print(JSON.stringify(answer))
    if (answer.runs.length === 0) return void print('No run is like that.')
    const rows = answer.runs.map((one) => [
      one.id,
      one.stack,
      one.kind,
      one.cancelAskedAt && !one.endedAt ? 'cancelling' : one.state,
      minute(one.startedAt),
      took(one.startedAt, one.endedAt),
      one.message ?? '',
    ])
    print(table(['RUN', 'STACK', 'KIND', 'STATE', 'STARTED (UTC)', 'TOOK', 'MESSAGE'], rows))
  },
}
