/** Brings a cloud up: database and queue, the APIs, then the workers of compute and block storage. */
import { setTimeout as sleep } from 'node:timers/promises'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Say } from '../../../scripts/steps/step.ts'
import { fillDatabases, moveAddress, prepareDatabase } from './fresh.ts'
import { copyFresh, ensureServices, keepFresh } from './install.ts'
import { type CloudExtent, type CloudPlace, type CloudRecord, REGION } from './place.ts'
import {
  apiService,
  databaseService,
  lastWords,
  queueService,
  type Running,
  type Service,
  startService,
  stopService,
  untilListening,
  workerService,
} from './processes.ts'
import { administrator, authUrlOf, seedIdentity, seedResources } from './seed.ts'
import { PASSWORD, settingsFolder, writeSettings } from './settings.ts'

const WORKERS_LIMIT_MS = 120_000

const WORKERS = [
  ...['nova-conductor', 'nova-scheduler', 'nova-compute'].map((name) => ({
    name,
    of: 'nova' as const,
  })),
  ...['cinder-scheduler', 'cinder-volume'].map((name) => ({ name, of: 'cinder' as const })),
]

const APIS = [
  { name: 'placement', module: 'placement.wsgi.api' },
  { name: 'image', module: 'glance.wsgi.api' },
  { name: 'network', module: 'neutron.wsgi.api' },
  { name: 'compute', module: 'nova.wsgi.osapi_compute' },
] as const

type Options = { byHand: boolean; extent: CloudExtent; say: Say; stop: AbortSignal }

export async function startCloud(place: CloudPlace, options: Options): Promise<CloudRecord> {
  const { say, stop } = options
  const venv = await ensureServices(say)
  stop.throwIfAborted()
  const running: Running[] = []
  stop.addEventListener('abort', () => running.forEach((one) => one.child.kill('SIGKILL')))
  const start = (service: Service): Running => {
    stop.throwIfAborted()
    const started = startService(place, service)
    running.push(started)
    return started
  }
  const up = async (service: Service): Promise<void> => {
    const started = start(service)
    if (service.port !== undefined) await untilListening(place, started, service.port)
  }
  for (const folder of ['locks', 'nova', 'neutron', 'cinder/coordination', 'instances', 'queue'])
    mkdirSync(join(place.folder, folder), { recursive: true })
  for (const folder of ['images', 'staging', 'tasks'])
    mkdirSync(join(place.folder, 'data', folder), { recursive: true })
  writeFileSync(join(place.folder, 'queue', 'plugins'), '[].\n')
  writeSettings(place, venv)
  const isFresh = copyFresh(place)
  if (!isFresh) await makeFresh({ place, venv, say, up, running })
  await startAll({ place, venv, up, start }, options.extent)
  return {
    ...{ number: place.number, folder: place.folder, address: place.address, region: REGION },
    authUrl: authUrlOf(place.address),
    admin: { username: 'admin', password: PASSWORD },
    ...{ byHand: options.byHand, extent: options.extent },
  }
}

type Making = { place: CloudPlace; venv: string; up(service: Service): Promise<void> }

/** Once for a machine: everything is made as an administrator would, then kept as what others start from. */
async function makeFresh(making: Making & { say: Say; running: Running[] }): Promise<void> {
  const { place, venv, say, up, running } = making
  await prepareDatabase(place)
  await up(databaseService(place))
  await fillDatabases(place, venv, say)
  await up(identity(place, venv))
  await seedIdentity(place.address)
  await Promise.all([up(queueService(place)), ...apis(place, venv).map(up)])
  await seedResources(place.address)
  for (const one of running.toReversed())
    await stopService(one, one.name === 'database' ? 'SIGTERM' : 'SIGKILL')
  running.length = 0
  await up(databaseService(place))
  moveAddress(place, 'nowhere')
  await stopService(running.pop()!, 'SIGTERM')
  keepFresh(place)
}

const identity = (place: CloudPlace, venv: string): Service =>
  apiService(place, venv, { name: 'identity', module: 'keystone.wsgi.api' })

function apis(place: CloudPlace, venv: string): Service[] {
  const file = join(settingsFolder(place), 'cinder', 'cinder.conf')
  const storage = { module: 'cinder.wsgi.api', arguments: ['--config-file', file] }
  return [
    ...APIS.map((api) => apiService(place, venv, api)),
    apiService(place, venv, { name: 'block-storage', ...storage }),
  ]
}

async function startAll(
  making: Making & { start(service: Service): Running },
  extent: CloudExtent,
): Promise<void> {
  const { place, venv, up, start } = making
  const queue = up(queueService(place))
  await up(databaseService(place))
  moveAddress(place, 'here')
  const others = extent === 'whole' ? apis(place, venv) : []
  await Promise.all([queue, up(identity(place, venv)), ...others.map(up)])
  if (extent === 'identity') return
  const workers = WORKERS.map((worker) => start(workerService(place, venv, worker)))
  await untilWorking(place, workers)
}

const services = z.looseObject({
  services: z.array(z.looseObject({ binary: z.string(), state: z.string() })),
})
const hypervisors = z.looseObject({ hypervisors: z.array(z.unknown()) })

/** Each API is asked once before it is asked for several things at once; then until a server could be made. */
async function untilWorking({ address }: CloudPlace, workers: Running[]): Promise<void> {
  const cloud = administrator(address)
  const get = (service: Parameters<typeof cloud.call>[0], path: string) =>
    cloud.call(service, 'GET', path, { region: REGION })
  await get('network', '/networks')
  await get('image', '/v2/images')
  const end = Date.now() + WORKERS_LIMIT_MS
  for (;;) {
    const compute = services.parse(await get('compute', '/os-services')).services
    const storage = services.parse(await get('block-storage', '/os-services')).services
    const known = hypervisors.parse(await get('compute', '/os-hypervisors')).hypervisors
    const isUp = (binary: string) =>
      [...compute, ...storage].some((one) => one.binary === binary && one.state === 'up')
    if (workers.every(({ name }) => isUp(name)) && known.length > 0) return
    const ended = workers.find(({ child }) => child.exitCode !== null)
    if (ended || Date.now() > end)
      throw new Error(
        `${ended?.name ?? 'A worker of the cloud'} does not work:\n${lastWords(ended ?? workers[0]!)}`,
      )
    await sleep(500)
  }
}
