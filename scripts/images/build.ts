import { EngineRefusal, askEngine, messageOf } from '../steps/engine-api.ts'
import type { DockerHost } from '../steps/engine-api.ts'
import { CannotGoOn } from '../steps/step.ts'
import type { Say } from '../steps/step.ts'
import { baseLayer } from './base.ts'
import { ownLayer } from './own-layer.ts'
import type { Recipe } from './recipe.ts'
import { pushImage } from './registry.ts'

const PULL_LIMIT_MS = 5 * 60_000

export type BuildOptions = {
  /** The checkout. */
  root: string
  /** Machine-wide build cache; layers are kept below it. */
  cache: string
  /** `host:port` of an HTTP registry. */
  registry: string
  /** An engine to pull the image into. */
  dockerHost?: DockerHost | undefined
  /** Today's Debian packages, though the list has not changed. */
  isFresh?: boolean
  say: Say
}

/** Builds what is missing of an image, pushes what the registry lacks, answers the reference by digest. */
export async function buildImage(recipe: Recipe, options: BuildOptions): Promise<string> {
  const { root, cache, registry, dockerHost, isFresh = false, say } = options
  const architecture = goArchitecture()
  say(`base system of ${recipe.name}`)
  const base = await baseLayer(cache, recipe.packages, isFresh, say)
  say('programs and pages')
  const own = await ownLayer(root, cache, recipe, architecture, say)
  say(`pushing to ${registry} (${Math.round((base.size + own.size) / 1e6)} MB)`)
  const reference = await pushImage(registry, recipe, [base, own], architecture)
  if (dockerHost !== undefined) {
    say(`pulling into ${dockerHost}`)
    await pullImage(dockerHost, reference)
  }
  say('done')
  return reference
}

/** Pulls an image into an engine; throws when that does not work. */
export async function pullImage(dockerHost: DockerHost, reference: string): Promise<void> {
  const path = `/images/create?fromImage=${encodeURIComponent(reference)}`
  const progress = await askEngine(dockerHost, 'POST', path, undefined, PULL_LIMIT_MS)
  // The engine answers 200 before it begins; an error is a later line of the progress.
  const failed = /"errorDetail":\{"message":"([^"]*)/.exec(String(progress))
  if (failed) throw new EngineRefusal(`pulling ${reference}`, 500, messageOf(failed[1]))
}

/** This machine's architecture as Go and image registries name it. */
function goArchitecture(): string {
  const known: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
  const architecture = known[process.arch]
  if (architecture === undefined)
    throw new CannotGoOn(`images are made on amd64 and arm64; this machine is ${process.arch}`)
  return architecture
}
