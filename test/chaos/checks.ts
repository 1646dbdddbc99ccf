/** What must hold once everything has healed: everything wanted is there once, and nothing else. */
import { many, one, sql } from '../../api/data/db.ts'
import { type Engine, connectEngine } from '../../workers/swarm/engine.ts'
import type { World } from './world.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

type Labelled = { Labels?: Record<string, string>; Names?: string[]; Id: string }
type Named = { ID: string; Spec: { Name: string; Labels?: Record<string, string> } }

/** Every seat once, running and ready, in its stack's state, and nothing left over. Empty when so. */
export async function whatIsWrongInClass(world: World): Promise<string[]> {
  return inspecting(world, async (engine) => {
    const { inst } = world.practice
    const wrong = [...(await stacksAtWork(world)), ...(await wrongObjects(world, engine))]
    const { n } = await one<{ n: number }>(
      inst.pool,
      sql`select count(*) as n from seat where state = 'ready'`,
    )
    if (n !== world.seats) wrong.push(`${n} of ${world.seats} seats are ready`)
    const running = new Set((await containers(world, engine)).map(taskOf))
    const rows = await many<{ number: number; task_id: string | null }>(
      inst.pool,
      sql`select number, task_id from seat where state = 'ready'`,
    )
    for (const row of rows)
      if (!running.has(row.task_id ?? '')) wrong.push(`seat ${row.number} is ready without a task`)
    return wrong
  })
}

/** No service, container or secret, no open workspace; every volume. Empty when so. */
export async function whatIsWrongAfterClass(world: World): Promise<string[]> {
  return inspecting(world, async (engine) => {
    const { inst } = world.practice
    const wrong = await stacksAtWork(world)
    const [services, secrets, running] = await Promise.all([
      ownNamed(world, engine, '/services'),
      ownNamed(world, engine, '/secrets'),
      containers(world, engine),
    ])
    if (services.length > 0) wrong.push(`left: ${services.map((s) => s.Spec.Name).join(', ')}`)
    if (secrets.length > 0) wrong.push(`left: ${secrets.map((s) => s.Spec.Name).join(', ')}`)
    if (running.length > 0) wrong.push(`${running.length} containers still run`)
    const open = await many<{ state: string }>(
      inst.pool,
      sql`select state from workspace where state not in ('stopped', 'closed')`,
    )
    if (open.length > 0) wrong.push(`workspaces are ${open.map((row) => row.state).join(', ')}`)
    return [...wrong, ...(await lostVolumes(world, engine))]
  })
}

async function inspecting(
  { practice, missing }: World,
  look: (engine: Engine) => Promise<string[]>,
): Promise<string[]> {
  const away = missing()
  if (away.length > 0) return [`away: ${away.join(', ')}`]
  const engine = connectEngine(practice.bed.dockerHost)
  try {
    return await look(engine)
  } catch (error) {
    return [`cannot be looked at: ${whyOf(error)}`]
  } finally {
    engine.close()
  }
}

/** A stack that differs from what is wanted, or that somebody still holds. */
export async function stacksAtWork({ practice }: Pick<World, 'practice'>): Promise<string[]> {
  const rows = await many<{ key: string; state: string; message: string | null }>(
    practice.inst.pool,
    sql`select key, state, message from stack where wanted_digest is distinct from applied_digest
          or lease_owner is not null or state not in ('applied', 'absent')`,
  )
  return rows.map((row) => `stack ${row.key} is ${row.state}: ${row.message ?? 'under way'}`)
}

/** Services and secrets: one for each seat, no more; containers: at most one for each seat. */
async function wrongObjects(world: World, engine: Engine): Promise<string[]> {
  const wrong: string[] = []
  for (const path of ['/services', '/secrets'] as const) {
    const seats = (await ownNamed(world, engine, path)).map(
      (object) => object.Spec.Labels?.['labplan.seat'] ?? object.Spec.Name,
    )
    wrong.push(...repeated(seats).map((seat) => `${seat} twice in ${path}`))
    if (seats.length !== world.seats) wrong.push(`${seats.length} in ${path}`)
  }
  const seats = (await containers(world, engine)).map((one) => one.Labels?.['labplan.seat'] ?? '')
  wrong.push(...repeated(seats).map((seat) => `${seat} runs twice`))
  return [...wrong, ...(await lostVolumes(world, engine))]
}

async function lostVolumes(world: World, engine: Engine): Promise<string[]> {
  const filters = { label: [`labplan.installation=${world.practice.inst.id}`] }
  const { Volumes } = (await engine.call('GET', '/volumes', { query: { filters } })) as {
    Volumes: unknown[] | null
  }
  const count = Volumes?.length ?? 0
  return count < world.seats ? [`${count} of ${world.seats} volumes are there`] : []
}

async function ownNamed({ practice }: World, engine: Engine, path: string): Promise<Named[]> {
  const filters = { label: [`labplan.installation=${practice.inst.id}`] }
  return (await engine.call('GET', path, { query: { filters } })) as Named[]
}

async function containers({ practice }: World, engine: Engine): Promise<Labelled[]> {
  const filters = { label: [`labplan.installation=${practice.inst.id}`], status: ['running'] }
  return (await engine.call('GET', '/containers/json', { query: { filters } })) as Labelled[]
}

const taskOf = (container: Labelled): string => container.Labels?.['com.docker.swarm.task.id'] ?? ''

const repeated = (names: string[]): string[] => [
  ...new Set(names.filter((name, i) => names.indexOf(name) !== i)),
]
