import type { Command } from '../command.ts'
import { causeLines } from '../pools.ts'
import { type RunDetail, minute, runPath, second, took } from '../runs.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'Show one run: its states, steps and resources, with the time in each',
  usage: 'RUN|STACK',
  async run(call) {
    const run = await call.api.get<RunDetail>(runPath(call))
    const { print, json } = call
    if (json) return void print(JSON.stringify(run))
    print(`${run.stack}  ${run.kind}  ${run.state}  ${took(run.startedAt, run.endedAt)}`.trimEnd())
    print(`run ${run.id}, started ${minute(run.startedAt)} UTC by ${run.worker}, pool ${run.pool}`)
    if (run.trouble) print(causeLines(run.trouble))
    if (run.message) print(run.message)
    const states = run.states.map((one, i) => [
      one.state,
      second(one.at),
      // The last state of a run that is over takes no time.
      took(one.at, run.states[i + 1]?.at),
    ])
    print(`\n${table(['STATE', 'SINCE (UTC)', 'TOOK'], states)}`)
    const steps = run.steps.map((one) => [
      one.name,
      took(one.startedAt, one.endedAt),
      one.outcome ?? 'under way',
    ])
    print(`\n${table(['STEP', 'TOOK', 'OUTCOME'], steps)}`)
    if (run.resources.length === 0) return
    const resources = run.resources.map((one) => [
      one.address,
      one.action,
      took(one.startedAt, one.endedAt),
      one.outcome,
    ])
    print(`\n${table(['RESOURCE', 'ACTION', 'TOOK', 'OUTCOME'], resources)}`)
  },
}
