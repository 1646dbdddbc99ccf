import type { Receipt, RemovedLater } from '../../api/data/sessions/receipt.ts'
import { type Command, usedWrongly } from '../command.ts'

type Told = Receipt & { removedLater: (Omit<RemovedLater, 'at'> & { at: string })[] }

export const command: Command = {
  summary: 'Show what a session created, destroyed, and keeps until when',
  usage: 'SESSION [--names]',
  help: `
SESSION is its key, as labplan session list and labplan receipt list show it.
A receipt is written once, when nothing of the session runs any more. Times
are UTC. --names lists every object.`,
  options: { names: { type: 'boolean' } },
  async run({ api, args, options, json, print }) {
    const [session] = args
    if (!session) throw usedWrongly('Which session? See labplan receipt list.')
    const receipt = await api.get<Told>(`/api/receipts?session=${encodeURIComponent(session)}`)
    if (json) return void print(JSON.stringify(receipt))
    for (const line of linesOf(receipt, options['names'] === true)) print(line)
  },
}

function linesOf({ body, hash, removedLater }: Told, withNames: boolean): string[] {
  const { session, times, created, destroyed, kept } = body
  const volumes = kept.volumes.map((volume) => volume.name)
  return [
    `Receipt ${body.number}  ${session.key}  pool ${session.pool}, ${session.atOnce} places`,
    ...Object.entries(times).map(([name, at]) =>
      line(wordsOf[name] ?? name, at ? utc(at) : 'never'),
    ),
    ...group('created', created, withNames),
    ...group('destroyed', destroyed, withNames),
    ...group('kept', { ...kept, volumes }, withNames),
    line('kept until', keptUntil(kept.volumes)),
    ...laterLines(removedLater, withNames),
    ...(body.outages ?? []).map(({ backend, from, until }) =>
      line(
        'no files',
        `${backend}, ${utc(from)} to ${until ? utc(until) : 'after this was written'}`,
      ),
    ),
    ...(body.scratch ?? []).map(({ seat, result, mergedAt }) =>
      line(
        'scratch',
        `seat ${seat}, ${mergedAt ? `${result} ${utc(mergedAt)}` : 'not home when this was written'}`,
      ),
    ),
    ...body.runs.map((run) =>
      line('run', `${run.stack}  ${run.kind}  ${run.state}  ${utc(run.startedAt)}`),
    ),
    line('seal', `${hash}, after ${body.previous ?? 'none: the first'}`),
  ]
}

const wordsOf: Record<string, string> = {
  preparedFrom: 'prepared',
  readyAt: 'ready',
  openedAt: 'opened',
  endedAt: 'ended',
  closedAt: 'closed',
}

const line = (name: string, text: string): string => `  ${name.padEnd(11)}${text}`
const utc = (instant: string): string => instant.slice(0, 16).replace('T', ' ')

function group(name: string, of: Record<string, string[]>, withNames: boolean): string[] {
  const some = Object.entries(of).filter(([, names]) => names.length > 0)
  const counts = some.map(
    ([kind, names]) => `${names.length} ${names.length === 1 ? kind.slice(0, -1) : kind}`,
  )
  const names = withNames ? some.flatMap(([, list]) => list.map((one) => line('', one))) : []
  return [line(name, counts.join(', ') || 'nothing'), ...names]
}

/** What was kept when it was written, and has gone since. */
function laterLines(gone: Told['removedLater'], withNames: boolean): string[] {
  const last = gone.at(-1)
  if (!last) return []
  const all = Object.entries(Object.groupBy(gone, ({ kind }) => kind)).map(([kind, some]) => [
    `${kind}s`,
    some.map(({ name }) => name),
  ])
  return [
    ...group('gone since', Object.fromEntries(all) as Record<string, string[]>, withNames),
    line('', `the last ${utc(last.at)}`),
  ]
}

function keptUntil(volumes: Receipt['body']['kept']['volumes']): string {
  const dates = [...new Set(volumes.map(({ until }) => (until ? utc(until) : 'no date')))]
  return dates.join(', ') || 'nothing is kept'
}
