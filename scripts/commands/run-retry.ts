import type { Command } from '../command.ts'
import { type Run, runPath } from '../runs.ts'

export const command: Command = {
  summary: 'Try the stack of a run again at once, whatever it waits for',
  usage: 'RUN|STACK',
  async run(call) {
    const run = await call.api.post<Run>(`${runPath(call)}/retry`, {})
    const follow = `Its runs: labplan run list ${run.stack}`
    call.print(call.json ? JSON.stringify(run) : `${run.stack}: is tried again. ${follow}`)
  },
}
