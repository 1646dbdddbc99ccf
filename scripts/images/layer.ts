import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { z } from 'zod'
import { mustRun } from '../steps/shell.ts'

/** A compressed layer in the cache: its file, and what a manifest and an image say of it. */
export type Layer = { file: string; digest: string; diffId: string; size: number }

const layerSchema = z.object({
  file: z.string(),
  digest: z.string(),
  diffId: z.string(),
  size: z.int(),
})

/**
 * The layer kept under `folder`, or the one that `makeTar` makes now. A folder's name is the digest of all
 * that shapes the layer, so it is never out of date; it is made beside and renamed, so never half there,
 * and under a lock, so that two who want it at once make it once.
 */
export async function keptLayer(
  folder: string,
  makeTar: (tar: string) => Promise<void>,
): Promise<Layer> {
  const known = await readLayer(folder)
  if (known) return known
  mkdirSync(dirname(folder), { recursive: true })
  return await withLock(
    `${folder}.lock`,
    async () => (await readLayer(folder)) ?? make(folder, makeTar),
  )
}

async function make(folder: string, makeTar: (tar: string) => Promise<void>): Promise<Layer> {
  const draft = mkdtempSync(`${folder}.`)
  try {
    const tar = join(draft, 'layer.tar')
    await makeTar(tar)
    const layer = { ...(await compress(tar, `${tar}.gz`)), file: join(folder, 'layer.tar.gz') }
    rmSync(tar)
    await writeFile(join(draft, 'layer.json'), JSON.stringify(layer))
    renameSync(draft, folder)
    return layer
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Held by a program that ends with our end of its pipe: whoever dies leaves no lock. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')])
    return await work()
  } finally {
    holder.stdin.end()
  }
}

async function readLayer(folder: string): Promise<Layer | undefined> {
  if (!existsSync(join(folder, 'layer.json'))) return undefined
  const text = await readFile(join(folder, 'layer.json'), 'utf8')
  return { ...layerSchema.parse(JSON.parse(text)), file: join(folder, 'layer.tar.gz') }
}

async function compress(tar: string, to: string): Promise<Omit<Layer, 'file'>> {
  const plain = createHash('sha256')
  const packed = createHash('sha256')
  let size = 0
  const read = new PassThrough().on('data', (part: Buffer) => plain.update(part))
  const written = new PassThrough().on('data', (part: Buffer) => {
    packed.update(part)
    size += part.length
  })
  await pipeline(
    createReadStream(tar),
    read,
    createGzip({ level: 6 }),
    written,
    createWriteStream(to),
  )
  return { digest: `sha256:${packed.digest('hex')}`, diffId: `sha256:${plain.digest('hex')}`, size }
}

/** Packs a folder the same way every time: order, owner and time do not depend on who packs, or when. */
export async function packFolder(folder: string, tar: string): Promise<void> {
  mkdirSync(dirname(tar), { recursive: true })
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0']
  await mustRun(
    ['tar', '--create', '--format=gnu', ...same, '--file', tar, '--directory', folder, '.'],
    `${folder} could not be packed`,
  )
}
