/** What must hold once everything has healed: each volume once, where it should be, with its files and its limit. */
import { many, sql } from '../../api/data/db.ts'
import { connectEngine, type Engine } from '../../workers/swarm/engine.ts'
import { stacksAtWork } from '../chaos/checks.ts'
import { twice } from './local.ts'
import type { KeptVolume, World } from './world.ts'

/** What the class is like when a step is done. */
export type Wanted = {
  seats: 'running' | 'cold'
  /** Of every volume that was written to, by file: the last line that was said to be kept. */
  files: Map<string, Map<string, number>>
  /** Volumes that were purged. */
  gone: Set<string>
  /** Only what is gone is looked at: what follows a purge is under way. */
  isUnderWay?: boolean
  /** The least generation of each seat. */
  generation: number
}

type Row = {
  name: string
  state: string
  limit_mb: number
  message_code: string | null
  number: number
  generation: number
  seat_generation: number
  seat_state: string
  task_id: string | null
}

const MIB = 1024 * 1024

/** Empty when all is right. */
export async function whatIsWrong(world: World, wanted: Wanted): Promise<string[]> {
  const { pool } = world.practice.inst
  // Before anything is looked at: what is said meanwhile may be too late for the look.
  const said = new Map([...wanted.files].map(([volume, of]) => [volume, new Map(of)]))
  const [rows, kept] = await Promise.all([
    many<Row>(
      pool,
      sql`select volume.name, volume.state, limit_mb, volume.message_code, volume.generation, seat.number,
            seat.generation as seat_generation, seat.state as seat_state, task_id
          from volume join seat on seat.id = seat_id order by volume.name`,
    ),
    world.kept(),
  ])
  const text = await world.sh(linesScript(kept))
  const engine = connectEngine(world.practice.bed.dockerHost)
  try {
    const wrong = [
      ...wrongPurges(rows, kept, wanted),
      ...wrongFiles(text, { files: said }),
      ...(await wrongTasks(engine, world, rows)),
      ...twice(await world.containers()).map((seat) => `${seat} is in two containers`),
      ...(await world.wrongMounts()),
    ]
    if (wanted.isUnderWay) return wrong
    return [
      ...wrong,
      ...wrongVolumes(rows, kept, world.quotaMb),
      ...wrongSeats(rows, wanted),
      ...(await stacksAtWork(world)),
    ]
  } finally {
    engine.close()
  }
}

/** Files by the name of their volume, whatever its storage calls it. */
function linesScript(kept: KeptVolume[]): string {
  const each = kept.flatMap(({ name, folder }) =>
    folder === undefined
      ? []
      : `for f in ${folder}/home/*/lines-*; do
      [ -e "$f" ] && echo "== /${name}/\${f##*/}" && cat "$f"; done`,
  )
  return [...each, 'true'].join('\n')
}

function wrongPurges(rows: Row[], kept: KeptVolume[], { gone }: Wanted): string[] {
  const left = kept.filter(({ name }) => gone.has(name)).map(({ name }) => `${name} was purged`)
  const open = rows.filter(({ name, state }) => gone.has(name) && state !== 'purged')
  return [...left, ...open.map(({ name, state }) => `${name} shall be purged and is ${state}`)]
}

/** None lost, none doubled, each held to its limit. */
function wrongVolumes(rows: Row[], kept: KeptVolume[], quotaMb: number): string[] {
  const living = rows.filter(({ state }) => state !== 'purged')
  const there = new Map(kept.map(({ name, limitBytes }) => [name, limitBytes]))
  const known = new Set(living.map(({ name }) => name))
  return [
    ...twice(kept.map(({ name }) => name)).map((name) => `${name} is there twice`),
    ...kept.flatMap(({ name, wrong }) => (wrong ? `${name} ${wrong}` : [])),
    ...kept.filter(({ name }) => !known.has(name)).map(({ name }) => `${name} is in no record`),
    ...living.flatMap((row) => {
      const limit = there.get(row.name)
      if (limit === undefined) return `${row.name} is lost`
      if (row.state !== 'ready' || row.message_code)
        return `${row.name} is ${row.state} (${row.message_code ?? 'nothing said'})`
      // Those of generations before are held to what they were.
      if (row.generation === row.seat_generation && row.limit_mb !== quotaMb)
        return `${row.name} shall hold ${row.limit_mb} MiB`
      return Math.abs(limit - row.limit_mb * MIB) > MIB ? `${row.name} holds ${limit} bytes` : []
    }),
  ]
}

/** Every line that was said to be kept is there once, in order; what was being written may be cut at the end. */
export function wrongFiles(text: string, { files }: Pick<Wanted, 'files'>): string[] {
  const found = new Map<string, string>()
  for (const part of text.split(/^== /m).slice(1)) {
    const [path = ''] = part.split('\n', 1)
    const volume = /\/(lp-[^/]+)\//.exec(path)?.[1] ?? ''
    found.set(`${volume} ${path.split('/').at(-1)}`, part.slice(path.length + 1))
  }
  return [...files].flatMap(([volume, of]) =>
    [...of].flatMap(([file, last]) => {
      const content = found.get(`${volume} ${file}`)
      if (content === undefined) return last > 0 ? `${file} of ${volume} is lost` : []
      const lines = content.split('\n')
      const whole = lines.findIndex((line, i) => line !== String(i + 1))
      const count = whole < 0 ? lines.length : whole
      const rest = lines.slice(count).join('\n')
      const isCut = rest === '' || String(count + 1).startsWith(rest) || /^\0+$/.test(rest)
      if (count < last) return `${file} of ${volume} has ${count} of ${last} lines`
      return isCut ? [] : `${file} of ${volume} has after ${count} lines: ${rest.slice(0, 40)}`
    }),
  )
}

function wrongSeats(rows: Row[], { seats, generation }: Wanted): string[] {
  const current = rows.filter((row) => row.generation === row.seat_generation)
  return [
    ...(current.length === 2 ? [] : [`${current.length} volumes of seats`]),
    ...current
      .filter((row) => row.seat_state !== (seats === 'running' ? 'ready' : 'cold'))
      .map((row) => `seat ${row.number} is ${row.seat_state}, not ${seats}`),
    ...current
      .filter((row) => row.generation < generation)
      .map((row) => `seat ${row.number} has generation ${row.generation}, not ${generation}`),
  ]
}

type Service = {
  ID: string
  Spec: { Name: string; TaskTemplate: { ContainerSpec: { Mounts?: { Source: string }[] } } }
}
type Task = { ID: string; ServiceID: string; NodeID?: string; Status: { State: string } }
type Node = { ID: string; Status: { State: string } }

/** On nodes that live, each seat runs once at most, and each volume is in one seat at most. */
async function wrongTasks(engine: Engine, { practice }: World, rows: Row[]): Promise<string[]> {
  const filters = { label: [`labplan.installation=${practice.inst.id}`] }
  const [services, nodes, tasks] = (await Promise.all([
    engine.call('GET', '/services', { query: { filters } }),
    engine.call('GET', '/nodes'),
    engine.call('GET', '/tasks', { query: { filters: { name: [`lp-${practice.inst.id}-`] } } }),
  ])) as [Service[], Node[], Task[]]
  const up = new Set(nodes.filter(({ Status }) => Status.State === 'ready').map(({ ID }) => ID))
  const running = tasks.filter(
    ({ NodeID, Status }) => Status.State === 'running' && up.has(NodeID ?? ''),
  )
  const names = new Set(rows.map(({ name }) => name))
  const volumesOf = (service: string) =>
    (
      services.find(({ ID }) => ID === service)?.Spec.TaskTemplate.ContainerSpec.Mounts ?? []
    ).flatMap(({ Source }) => (names.has(Source) ? Source : []))
  return [
    ...twice(services.map(({ Spec }) => Spec.Name)).map((name) => `${name} is there twice`),
    ...twice(running.map(({ ServiceID }) => ServiceID)).map((id) => `service ${id} runs twice`),
    ...twice(running.flatMap(({ ServiceID }) => volumesOf(ServiceID))).map(
      (name) => `${name} is in two seats`,
    ),
  ]
}
