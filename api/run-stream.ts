/**
 * A run as a stream of entries for the command line: every state it entered and everything Terraform said, each
 * once, then `end` with the whole run. Entries have ids, so that a reader who comes back knows what it has seen.
 */
import type { RunJson } from './handlers/run.ts'
import { watch } from './pages/live.ts'
import type { Events, Visit } from './visit.ts'

export function runStream(
  visit: Pick<Visit, 'listening' | 'log'>,
  runId: string,
  read: () => Promise<RunJson>,
): Events {
  return {
    start(send, signal) {
      const sent = new Set<string>()
      const look = async () => {
        const run = await read()
        for (const entry of entriesOf(run)) {
          if (sent.has(entry.id)) continue
          sent.add(entry.id)
          send('entry', JSON.stringify(entry))
        }
        if (run.endedAt && !sent.has('end')) {
          sent.add('end')
          send('end', JSON.stringify(run))
        }
      }
      watch(visit, { channel: 'run', concerns: (payload) => payload === runId, look }, signal)
    },
  }
}

function entriesOf(run: RunJson) {
  const states = run.states.map((entry) => ({ ...entry, id: `state:${entry.state}` }))
  const events = run.events.map((event, i) => ({ ...event, id: `event:${i + 1}` }))
  return [...states, ...events].toSorted((a, b) => a.at.getTime() - b.at.getTime())
}
