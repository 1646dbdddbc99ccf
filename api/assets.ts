/** The files of api/public, read once: each is served under the hash of its content and kept by browsers. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'

export type Asset = { type: string; bytes: Buffer; version: string }

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const folder = join(import.meta.dirname, 'public')

/** Of packages, what browsers get as it is. */
const vendored: Record<string, string> = {
  'tus.js': join(import.meta.dirname, '..', 'node_modules', 'tus-js-client', 'dist', 'tus.min.js'),
}

const files = [
  ...readdirSync(folder).map((name) => [name, join(folder, name)] as const),
  ...Object.entries(vendored),
]

const assets = new Map<string, Asset>(
  files
    .filter(([name]) => types[extname(name)])
    .map(([name, path]) => {
      const bytes = readFileSync(path)
      const version = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
      return [name, { type: types[extname(name)] ?? '', bytes, version }]
    }),
)

export const findAsset = (name: string): Asset | undefined => assets.get(name)

/** Throws for a name that is not there: a page that links to it is a bug. */
export function assetVersion(name: string): string {
  const asset = assets.get(name)
  if (!asset) throw new Error(`api/public has no ${name}.`)
  return asset.version
}
