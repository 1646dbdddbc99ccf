/** Labplan's own parts: the schema, the seat image and network, and the processes. */
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { environmentOf } from './environment.ts'
import type { Wanted } from './process-table.ts'
import { type Settings, readJson, root, writeJson } from './settings.ts'
import { mustRun } from './shell.ts'
import { CannotGoOn, type Step } from './step.ts'
import { accepts, ensureProcess, findProcess } from './supervised.ts'

export function migrationStep(settings: Settings): Step {
  return {
    name: 'Database schema',
    async ensure() {
      const migrate = [process.execPath, join(root, 'api', 'data', 'migrate.ts')]
      const output = await mustRun(migrate, 'the migrations could not be applied', {
        env: environmentOf(settings),
      })
      const applied = [...output.matchAll(/^applied (\S+)/gm)].length
      return applied ? `${applied} migration${applied > 1 ? 's' : ''}` : undefined
    },
  }
}

const LASTED_MS = 1500
const IMAGE = 'terminal'
const imageFile = (home: string): string => join(home, 'images.json')

/** The environment image `terminal` in the local registry; its reference by digest is kept for the examples. */
export function imageStep(settings: Settings): Step {
  return {
    name: 'Image terminal',
    async ensure(say) {
      const version = versionOf(`scripts/images/**/*`, 'scripts/image', 'scripts/image.ts')
      const known = readImage(settings.home)
      if (known?.version === version) return undefined
      say('building (the first time takes a few minutes)')
      const output = await mustRun(
        [join(root, 'scripts', 'image'), IMAGE],
        'it could not be built',
        {
          env: environmentOf(settings),
        },
      )
      const reference = output.trim().split('\n').at(-1) ?? ''
      if (!/@sha256:[0-9a-f]{64}$/.test(reference))
        throw new CannotGoOn(`scripts/image ${IMAGE} did not end with a reference by digest.`)
      writeJson(imageFile(settings.home), { [IMAGE]: { reference, version } })
      return 'built and pushed'
    },
  }
}

type Image = { reference: string; version: string }

export function readImage(home: string): Image | undefined {
  return (readJson(imageFile(home)) as Record<string, Image> | undefined)?.[IMAGE]
}

/** api, worker, gateway and the practice LMS, in the order they are started. */
export function processSteps(settings: Settings): Step[] {
  const { ports, home } = settings
  const ours = versionOf('{api,stacks,workers}/**/*', 'package-lock.json', 'cdktf.json')
  const lms = versionOf('test/{lms,cast}/**/*')
  const practice = { LMS_STATE: join(home, 'lms', 'state.json') }
  return [
    processStep(settings, 'api', 'api/server.ts', ours, ports.api),
    processStep(settings, 'worker', 'workers/main.ts', ours),
    processStep(settings, 'gateway', 'api/gateway/server.ts', ours, ports.gateway),
    processStep(settings, 'lms', 'test/lms/main.ts', lms, ports.lms, practice),
  ]
}

const TITLES: Record<string, string> = {
  api: 'API',
  worker: 'Worker',
  gateway: 'Gateway',
  lms: 'Practice LMS',
}

function processStep(
  settings: Settings,
  name: string,
  program: string,
  version: string,
  port?: number,
  more: Record<string, string> = {},
): Step {
  const spec = (): Wanted => ({
    name,
    argv: [process.execPath, join(root, program)],
    env: { ...environmentOf(settings), ...more },
    version,
    // A worker lets a Terraform run come to an end it can record.
    stop: { signal: 'SIGTERM', withinMs: name === 'worker' ? 60_000 : 15_000 },
  })
  return {
    name: TITLES[name] ?? name,
    async ensure() {
      if (!existsSync(join(root, program))) throw new CannotGoOn(`${program} is missing.`)
      mkdirSync(join(settings.home, 'lms'), { recursive: true, mode: 0o700 })
      const isReady = async (): Promise<boolean> =>
        port === undefined ? hasLasted(settings.home, name) : accepts(port)
      return await ensureProcess(settings.home, spec(), isReady)
    },
  }
}

/** For a process that listens nowhere: it did not fall over at its start. */
function hasLasted(home: string, name: string): boolean {
  const found = findProcess(home, name)
  return found !== undefined && Date.now() - Date.parse(found.startedAt) > LASTED_MS
}

/** Changes with the files' names and contents: what runs older code than the checkout's is started again. */
function versionOf(...patterns: string[]): string {
  const hash = createHash('sha256')
  for (const path of globSync(patterns, { cwd: root }).toSorted())
    if (statSync(join(root, path)).isFile())
      hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex').slice(0, 16)
}
