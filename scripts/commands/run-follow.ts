import { setTimeout as sleep } from 'node:timers/promises'
import { type Call, type Command, CommandFailure } from '../command.ts'
import { type RunDetail, runPath, second } from '../runs.ts'

type Entry = {
  id: string
  at: string
  state?: string
  kind?: string
  address?: string | null
  action?: string | null
  elapsedSeconds?: number | null
  message?: string | null
}

/** Labplan may be started anew meanwhile: the run goes on without it, and so do we. */
const COME_BACK_MS = 60_000
const PAUSE_MS = 1_000

export const command: Command = {
  summary: 'Follow a run until it ends; exit code 0 when it applied, 1 when not',
  usage: 'RUN|STACK',
  help: `
Says everything from the run's start on. With --json each entry is one JSON
object a line, and the last line is the whole run.`,
  async run(call) {
    const run = await follow(call, await call.api.get<RunDetail>(runPath(call)))
    call.print(call.json ? JSON.stringify(run) : ending(run))
    return run.state === 'applied' ? 0 : 1
  },
}

async function follow(call: Call, run: RunDetail): Promise<RunDetail> {
  if (!call.json) call.print(`${run.stack}  ${run.kind}  ${run.id}`)
  const seen = new Set<string>()
  let lostAt: number | undefined
  for (;;) {
    try {
      for await (const { event, data } of call.api.stream(`/api/runs/${run.id}/events`)) {
        lostAt = undefined
        if (event === 'end') return JSON.parse(data) as RunDetail
        if (event !== 'entry') continue
        const entry = JSON.parse(data) as Entry
        if (seen.has(entry.id)) continue
        seen.add(entry.id)
        call.print(call.json ? data : line(entry))
      }
    } catch (error) {
      // A refusal stays one; a line that was cut is tried again.
      if (error instanceof CommandFailure && error.code !== 3) throw error
      lostAt ??= Date.now()
      if (Date.now() - lostAt > COME_BACK_MS) throw error
    }
    await sleep(PAUSE_MS)
  }
}

function line(entry: Entry): string {
  const at = second(entry.at)
  if (entry.state) return `${at}  ${entry.state}`
  const what = [entry.address, entry.action].filter(Boolean).join(' ')
  const seconds = entry.elapsedSeconds ?? undefined
  if (entry.kind === 'start') return `${at}    … ${what}`
  if (entry.kind === 'end')
    return `${at}    ✓ ${what}${seconds === undefined ? '' : ` ${seconds} s`}`
  if (entry.kind === 'error') return `${at}    ✗ ${what}`
  return `${at}    ${entry.message ?? ''}`
}

const ending = (run: RunDetail): string => [run.state, run.message].filter(Boolean).join(': ')
