/**
 * A cold seat: from the click on Start to the environment's first byte, through page, worker, Swarm and gateway,
 * over `docker service scale -d` of the same service plus a probe every 20 ms. Pairs in turn, in one run.
 */
import { execFileSync } from 'node:child_process'
import { request } from 'node:http'
import { one, sql } from '../../api/data/db.ts'
import { practiceClass, seatsReady, until } from '../../test/practice-class.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'
import { type Page, Visitor, formTo } from '../../test/visitor.ts'
import { connectEngine } from '../../workers/swarm/engine.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR = 1.5
const LIMIT_MS = 60_000
// Half a core, as a course gives. The practice class's 2 % of one makes its 60 ms of start the whole of what is measured.
const SIZE = { students: 2, cpu: 0.5, memoryMb: 256 }
const PROBE_MS = 20
const values = askedOf({ pairs: { type: 'string', default: '9' }, json: { type: 'boolean' } })
const say = (text: string) => process.stderr.write(`${text}\n`)

const postgres = await scratchPostgres()
try {
  process.exitCode = await bench(Number(values.pairs))
} catch (error) {
  process.stderr
    .write(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}
`)
  process.exitCode = 2
} finally {
  await postgres.stop()
}

async function bench(pairs: number): Promise<number> {
  const practice = await practiceClass(SIZE, { databaseUrl: postgres.serverUrl, say })
  try {
    await seatsReady(practice.inst, 2)
    const { visitor, page } = await practice.launch('student1')
    const ours = ownSeat(practice, visitor, page)
    const raw = await rawService(practice)
    const figures: { oursMs: number; rawMs: number }[] = []
    for (let pair = 1; pair <= pairs; pair++) {
      await ours.stop()
      const oursMs = await ours.start()
      const rawMs = await raw.start()
      await raw.stop()
      figures.push({ oursMs, rawMs })
      say(`pair ${pair}: ours ${oursMs.toFixed(0)} ms, raw ${rawMs.toFixed(0)} ms`)
    }
    const ratio = median(figures.map((f) => f.oursMs / f.rawMs))
    const holds = ratio <= BAR
    const line = {
      ...{ name: 'coldseat', figure: round(ratio), unit: 'ratio', bar: BAR, holds, pairs },
      oursMs: round(median(figures.map((f) => f.oursMs))),
      rawMs: round(median(figures.map((f) => f.rawMs))),
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return holds ? 0 : 1
  } finally {
    await practice.close()
  }
}

type Practice = Awaited<ReturnType<typeof practiceClass>>

/** The student's own clicks: Stop, and Start until the environment's first byte. */
function ownSeat(practice: Practice, visitor: Visitor, page: Page) {
  const id = new URL(page.url).pathname.split('/').at(-1) ?? ''
  const stateIs = (state: string) => async () =>
    (
      await one<{ state: string }>(
        practice.inst.pool,
        sql`select state from workspace where id = ${id}`,
      )
    ).state === state
  const click = async (act: string) => {
    const shown = await visitor.get(page.url)
    const form = formTo(shown, `/${act}`)
    return () => visitor.post(form.action, form.fields)
  }
  return {
    async stop() {
      await (
        await click('stop')
      )()
      await until(stateIs('stopped'), LIMIT_MS, () => 'the workspace to stop')
    },
    /** Milliseconds. The page's own event stream says when there is a door. */
    async start(): Promise<number> {
      const events = await visitor.events(`${page.url}/events`)
      const press = await click('start')
      const clicked = performance.now()
      const [door] = await Promise.all([
        events.next((html) => /\/doors\/8080"/.test(html)),
        press(),
      ])
      events.close()
      const form = formTo({ text: door, url: page.url }, '/doors/8080')
      const entered = await visitor.post(form.action, form.fields)
      if (entered.status !== 200) throw new Error(`The environment answered ${entered.status}.`)
      return performance.now() - clicked
    },
  }
}

/** The same service made by hand, at a port of its own, scaled by the docker command. */
async function rawService(practice: Practice) {
  const { bed, inst } = practice
  const engine = connectEngine(bed.dockerHost)
  const { name } = await one<{ name: string }>(
    inst.pool,
    sql`select 'lp-' || ${inst.id} || '-' || code || '-s002' as name from course where id = ${practice.courseId}`,
  )
  const twin = (await engine.call('GET', `/services/${name}`)) as { Spec: Spec }
  const docker = (...words: string[]) =>
    execFileSync('docker', words, {
      env: { ...process.env, DOCKER_HOST: bed.dockerHost },
      encoding: 'utf8',
    })
  const published = 18_080
  await engine.call('POST', '/services/create', {
    body: fixedPort(twin.Spec, 'raw-twin', published),
  })
  const address = bed.nodes[0]?.address ?? ''
  return {
    async start(): Promise<number> {
      const clicked = performance.now()
      docker('service', 'scale', '-d', 'raw-twin=1')
      await until20(() => answers(address, published))
      return performance.now() - clicked
    },
    async stop() {
      docker('service', 'scale', '-d', 'raw-twin=0')
      await until20(async () => docker('ps', '-q', '--filter', 'name=raw-twin').trim() === '')
    },
  }
}

type Spec = {
  Name: string
  Labels: Record<string, string>
  Mode: object
  TaskTemplate: { ContainerSpec: { Mounts?: { Source: string }[]; Labels?: object } }
  EndpointSpec: { Ports: { TargetPort: number; PublishedPort?: number }[] }
}

/** The twin's spec, with a volume of its own and its web port where we know it: only that differs. */
function fixedPort(spec: Spec, name: string, published: number): Spec {
  const container = spec.TaskTemplate.ContainerSpec
  const mounts = container.Mounts?.map((mount) => ({ ...mount, Source: `${mount.Source}-raw` }))
  return {
    ...spec,
    Name: name,
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: { ...container, ...(mounts && { Mounts: mounts }) },
    },
    EndpointSpec: {
      ...spec.EndpointSpec,
      Ports: spec.EndpointSpec.Ports.map((port) =>
        port.TargetPort === 8080 ? { ...port, PublishedPort: published } : port,
      ),
    },
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host, port, timeout: 2_000, agent: false }, (answer) => {
      answer.once('data', () => {
        answer.destroy()
        resolve(true)
      })
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end()
  })
}

async function until20(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('The raw service did not come in time.')
    await new Promise((resolve) => setTimeout(resolve, PROBE_MS))
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
