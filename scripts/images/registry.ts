import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { request } from 'node:http'
import { CannotGoOn } from '../steps/step.ts'
import type { Layer } from './layer.ts'
import type { Recipe } from './recipe.ts'

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const CONFIG = 'application/vnd.docker.container.image.v1+json'
const LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'

type Blob = { digest: string; size: number; open: () => Buffer | NodeJS.ReadableStream }

/**
 * Puts an image into a registry by its HTTP API (OCI distribution specification, "pushing"), with no
 * engine between: the same layers give the same digest, and what the registry has is not sent again.
 * Answers the reference by digest.
 */
export async function pushImage(
  registry: string,
  recipe: Recipe,
  layers: Layer[],
  architecture: string,
): Promise<string> {
  const repository = `labplan/${recipe.name}`
  const config = blobOf(imageConfig(recipe, layers, architecture))
  const files = layers.map((layer) => ({ ...layer, open: () => createReadStream(layer.file) }))
  for (const blob of [...files, config]) await pushBlob(registry, repository, blob)
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, size: config.size, digest: config.digest },
    layers: layers.map(({ size, digest }) => ({ mediaType: LAYER, size, digest })),
  })
  const address = `/v2/${repository}/manifests`
  // By tag too: registries collect what only a digest names.
  for (const name of [manifest.digest, 'latest'])
    await must(registry, 'PUT', `${address}/${name}`, 201, manifest, { 'content-type': MANIFEST })
  return `${registry}/${repository}@${manifest.digest}`
}

function imageConfig(recipe: Recipe, layers: Layer[], architecture: string): object {
  return {
    architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: recipe.config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'scripts/image' })),
  }
}

function blobOf(value: object): Blob {
  const bytes = Buffer.from(JSON.stringify(value))
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { digest, size: bytes.length, open: () => bytes }
}

async function pushBlob(registry: string, repository: string, blob: Blob): Promise<void> {
  const known = await call(registry, 'HEAD', `/v2/${repository}/blobs/${blob.digest}`)
  if (known.status === 200) return
  const begun = await must(registry, 'POST', `/v2/${repository}/blobs/uploads/`, 202)
  const upload = new URL(begun.location ?? '', `http://${registry}`)
  upload.searchParams.set('digest', blob.digest)
  await must(registry, 'PUT', `${upload.pathname}${upload.search}`, 201, blob, {
    'content-type': 'application/octet-stream',
  })
}

type Answer = { status: number; location: string | undefined; text: string }

async function must(
  registry: string,
  method: string,
  path: string,
  status: number,
  blob?: Blob,
  headers?: Record<string, string>,
): Promise<Answer> {
  const answer = await call(registry, method, path, blob, headers)
  if (answer.status !== status)
    throw new CannotGoOn(
      `the registry ${registry} refused the image (${answer.status}: ${answer.text.slice(0, 300)})`,
    )
  return answer
}

function call(
  registry: string,
  method: string,
  path: string,
  blob?: Blob,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`http://${registry}${path}`, {
      method,
      timeout: 120_000,
      headers: { ...headers, 'content-length': blob?.size ?? 0 },
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer for two minutes')))
    sent.on('error', (cause) =>
      reject(
        new CannotGoOn(
          `no registry answers at ${registry} (${cause.message}): 'scripts/up' starts one`,
        ),
      ),
    )
    sent.on('response', (answer) => {
      let text = ''
      answer.on('data', (part: Buffer) => (text += part.toString()))
      answer.on('error', reject)
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, text }),
      )
    })
    const content = blob?.open()
    if (content === undefined || Buffer.isBuffer(content)) sent.end(content)
    else content.on('error', reject).pipe(sent)
  })
}
