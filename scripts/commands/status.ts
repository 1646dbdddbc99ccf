import type { Command } from '../command.ts'
import { type FreezeLine, freezeText } from '../freezes.ts'
import { minute } from '../runs.ts'
import { table } from '../table.ts'

type Status = {
  publicUrl: string
  installation: string
  counts: Record<string, number>
  pools: { key: string; stacks: number; failing: number; seats_running: number }[]
  freezes: FreezeLine[]
  waiting: {
    stack: string
    kind: string
    why: string
    reason: string | null
    until: string | null
  }[]
  runs: { stack: string; kind: string; state: string; startedAt: string; message: string | null }[]
}

const words: Record<string, string> = {
  courses: 'courses',
  sessions_to_come: 'sessions to come',
  seats_ready: 'seats ready',
  workspaces_running: 'workspaces in use',
  workspaces_queued: 'people waiting',
  runs_under_way: 'runs under way',
}

const worries: Record<string, string> = {
  platforms_pending: 'LMS platforms wait to be activated: labplan platform list',
  changes_proposed: 'changes wait for approval: labplan change list',
  stacks_failing: 'stacks are in trouble: see the last runs',
  storage_away: 'storage of volumes does not answer: labplan doctor',
  findings_open: 'things are not as they should be: labplan drift',
}

const waits: Record<string, string> = {
  frozen: 'held by a freeze',
  cancelled: 'after a cancelled run',
  failed: 'to be tried again',
  queued: 'runs next',
}

export const command: Command = {
  summary: 'Say what Labplan is doing, and what waits for somebody',
  async run({ api, print, json }) {
    const status = await api.get<Status>('/api/status')
    if (json) return void print(JSON.stringify(status))
    print(`Labplan ${status.installation} at ${status.publicUrl}`)
    for (const [name, text] of Object.entries(words))
      print(`  ${String(status.counts[name] ?? 0).padStart(5)}  ${text}`)
    for (const [name, text] of Object.entries(worries))
      if (status.counts[name]) print(`  ! ${status.counts[name]} ${text}`)
    for (const freeze of status.freezes) print(`  ! ${freezeText(freeze)}`)
    if (status.pools.length > 0) {
      const rows = status.pools.map((one) => [one.key, one.stacks, one.failing, one.seats_running])
      print(`\n${table(['POOL', 'STACKS', 'FAILING', 'SEATS RUNNING'], rows)}`)
    }
    if (status.waiting.length > 0) {
      const rows = status.waiting.map((one) => [
        one.stack,
        one.kind,
        waits[one.why] ?? one.why,
        one.until ? minute(one.until) : '',
        one.reason ?? '',
      ])
      print(`\n${table(['STACKS THAT WAIT', 'KIND', 'WHY', 'UNTIL (UTC)', 'REASON'], rows)}`)
    }
    if (status.runs.length > 0) {
      const rows = status.runs.map((one) => [
        one.stack,
        one.kind,
        one.state,
        one.startedAt.slice(0, 19).replace('T', ' '),
        one.message ?? '',
      ])
      print(`\n${table(['LAST RUNS', 'KIND', 'STATE', 'STARTED (UTC)', 'MESSAGE'], rows)}`)
    }
  },
}
