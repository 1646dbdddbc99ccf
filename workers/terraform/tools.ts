/** What a run works with, by hash, held against what is approved: before anything is planned. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, globSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { z } from 'zod'
import {
  allTools,
  approveTools,
  isFirstUse,
  seeTools,
  tellOfTools,
  type Tools,
  type ToolParts,
  toolsDigest,
} from '../../api/data/tools.ts'
import { type Pool, withTransaction } from '../../api/data/db.ts'
import type { KeyRing } from '../../api/data/key-ring.ts'
import { sha256 } from '../../stacks/blueprint.ts'
import { renderProbe } from '../../stacks/probe.ts'
import type { Ending, RunContext } from './context.ts'
import { need } from './context.ts'

const LOCK_FILE = '.terraform.lock.hcl'
const FIRST = { name: 'worker', role: 'labplan' } as const

/** What is due depends on the time: of two clocks that differ, nobody knows which is right. */
export async function checkClock({ services, request }: RunContext): Promise<Ending | undefined> {
  const { clockToleranceMs, docker, now } = services
  if (!request.approved || clockToleranceMs === undefined) return undefined
  const { SystemTime } = z
    .looseObject({ SystemTime: z.string() })
    .parse(await docker.call('GET', '/info'))
  const offMs = now().getTime() - Date.parse(SystemTime)
  if (Math.abs(offMs) <= clockToleranceMs) return undefined
  const seconds = Math.round(Math.abs(offMs) / 1000)
  const message = `Held: the worker's clock is ${seconds} s ${offMs > 0 ? 'ahead of' : 'behind'} the Swarm's, so what is due now is not known.`
  return { state: 'held', message, isOutside: true }
}

/** A step's ending when the tools are others than those approved. */
export async function checkTools(ctx: RunContext): Promise<Ending | undefined> {
  if (!ctx.request.approved) return undefined
  const { pool, keyRing: ring, now } = ctx.services
  const refusal = await refuseTools({ pool, ring, now: now() }, await measureTools(ctx))
  return refusal === undefined ? undefined : { state: 'held', message: refusal, isOutside: true }
}

/** A sentence, or nothing when these are approved. The very first ones an installation uses are. */
export async function refuseTools(
  { pool, ring, now }: { pool: Pool; ring: KeyRing; now: Date },
  parts: ToolParts,
): Promise<string | undefined> {
  const digest = toolsDigest(parts)
  return withTransaction(pool, async (tx) => {
    const isFirst = (await isFirstUse(tx)) || isNewProvider(parts, await allTools(tx, ring))
    await seeTools(tx, parts, now)
    if (isFirst) await approveTools(tx, { digest, actor: FIRST, ring, now })
    const approved = (await allTools(tx, ring)).filter((one) => one.approved_at !== null)
    if (approved.some((one) => one.digest === digest)) return undefined
    const differs = differences(parts, approved[0]?.parts)
    await tellOfTools(tx, { digest, differs, now })
    return `Held: nobody approved these tools (${differs}). Look at them, then: labplan tools approve ${digest.slice(0, 12)}.`
  })
}

/**
 * A first cloud beside the Swarm, alone or together with it: each provider is one that is approved, to the byte, or of a source that
 * none of the tools had so far. Engine and renderer are approved ones, and nothing else of the same sources was ever seen.
 */
function isNewProvider(parts: ToolParts, known: Tools[]): boolean {
  const sourceOf = (path: string) => path.split('/').slice(0, 3).join('/')
  const sourcesOf = ({ providers }: ToolParts) =>
    [...new Set(Object.keys(providers).map(sourceOf))].toSorted()
  const alike = known.filter(
    (one) =>
      one.approved_at !== null &&
      one.parts.program === parts.program &&
      one.parts.renderer === parts.renderer,
  )
  const seen = new Set(known.flatMap((one) => sourcesOf(one.parts)))
  const isApproved = ([path, hash]: [string, string]) =>
    !seen.has(sourceOf(path)) || alike.some((one) => one.parts.providers[path] === hash)
  const sources = sourcesOf(parts).join(' ')
  return (
    alike.length > 0 &&
    Object.entries(parts.providers).every(isApproved) &&
    known.every((one) => sourcesOf(one.parts).join(' ') !== sources)
  )
}

function differences(parts: ToolParts, approved: ToolParts | undefined): string {
  if (!approved) return 'no approval is there that carries our seal'
  const names = {
    ...{ engine: 'another engine', program: 'another program of the engine', lock: 'another lock' },
    ...{
      providers: 'another provider',
      renderer: 'another renderer',
      variables: 'other variables',
    },
  }
  return (Object.keys(names) as (keyof ToolParts)[])
    .filter((name) => JSON.stringify(parts[name]) !== JSON.stringify(approved[name]))
    .map((name) => names[name])
    .join(', ')
}

/** What is about to be used, as it is now. */
export async function measureTools(ctx: RunContext): Promise<ToolParts> {
  const { config } = ctx.services
  const { terraform } = need(ctx.found.configuration, 'a configuration')
  const { toolchain } = need(ctx.found.prepared, 'tools')
  const programs = providerPrograms(config.providerMirror, terraform.required_providers)
  const hashes = await Promise.all(
    programs.map(async (path) => [path, await hashOf(join(config.providerMirror, path))] as const),
  )
  return {
    engine: toolchain.engine,
    program: await hashOf(programPath(config.terraformBinary, config.searchPath)),
    lock: createHash('sha256')
      .update(await readFile(join(ctx.workdir, LOCK_FILE)))
      .digest('hex'),
    providers: Object.fromEntries(hashes),
    ...rendererParts(),
  }
}

export type MachineTools = Pick<ToolParts, 'program' | 'renderer' | 'providers'>

/** What is on this machine, whichever stack would use it: the engine, all providers of the mirror, the renderer. */
export async function machineTools(config: {
  terraformBinary: string
  providerMirror: string
  searchPath: string
}): Promise<MachineTools> {
  const { terraformBinary, providerMirror: mirror, searchPath } = config
  const programs = globSync('*/*/*/*/*/terraform-provider-*', { cwd: mirror })
  const providers: Record<string, string> = {}
  for (const path of programs.toSorted()) providers[path] = await hashOf(join(mirror, path))
  const { renderer: made } = rendererParts()
  return {
    program: await hashOf(programPath(terraformBinary, searchPath)),
    renderer: made,
    providers,
  }
}

const required = z.record(z.string(), z.looseObject({ source: z.string() }))

/** Programs of the providers that the configuration requires, relative to the mirror; of every version that is there. */
function providerPrograms(mirror: string, providers: unknown): string[] {
  const programs = Object.values(required.parse(providers ?? {})).flatMap(({ source }) => {
    const path = source.split('/').slice(-2).join('/')
    return globSync(`*/${path}/*/*/terraform-provider-*`, { cwd: mirror })
  })
  if (programs.length === 0) throw new Error(`There is no provider of this stack in ${mirror}.`)
  return programs.toSorted()
}

function programPath(program: string, searchPath: string): string {
  if (isAbsolute(program)) return program
  const found = searchPath
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
  if (!found) throw new Error(`There is no ${program} in ${searchPath}.`)
  return found
}

let renderer: Pick<ToolParts, 'renderer' | 'variables'> | undefined

function rendererParts(): Pick<ToolParts, 'renderer' | 'variables'> {
  if (renderer) return renderer
  const texts = renderProbe()
  const variables = texts.flatMap((text) => {
    const { variable = {} } = JSON.parse(text) as { variable?: object }
    return Object.keys(variable)
  })
  renderer = {
    renderer: sha256(texts.join('\n')),
    variables: [...new Set(variables)].toSorted(),
  }
  return renderer
}

/** By everything that changes when a file's content does: its times of change cannot be set by hand. */
const hashes = new Map<string, Promise<string>>()

async function hashOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true })
  const key = [path, ino, size, mtimeNs, ctimeNs].join(' ')
  const known = hashes.get(key)
  if (known) return known
  const fresh = hashFile(path)
  hashes.set(key, fresh)
  fresh.catch(() => hashes.delete(key))
  return fresh
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
