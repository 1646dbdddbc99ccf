import type { Command } from '../command.ts'
import { type Run, runPath } from '../runs.ts'

export const command: Command = {
  summary: 'Cancel a run: Terraform is interrupted and saves its state',
  usage: 'RUN|STACK',
  help: `
What is made by then stays recorded. The stack then waits until somebody
retries it (labplan run retry) or something else is wanted of it; a destroy
goes on by itself after 10 minutes.`,
  async run(call) {
    const run = await call.api.post<Run>(`${runPath(call)}/cancellation`, {})
    const follow = `See it end: labplan run follow ${run.id}`
    call.print(call.json ? JSON.stringify(run) : `${run.stack}: is being cancelled. ${follow}`)
  },
}
