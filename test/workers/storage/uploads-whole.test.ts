/** An agent that was killed when all of a file had arrived, before it was in its folder: who asks how far it is has it brought there. */
import { once } from 'node:events'
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { VolumePlace } from '../../../workers/storage/backend.ts'
import { uploadsOf } from '../../../workers/storage/uploads.ts'

let root: string
let place: VolumePlace
let server: Server
let origin: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'labplan-test-whole-'))
  const sight = async () => ({ limitBytes: 1e6, usedBytes: 0 }) as never
  place = { home: join(root, 'home'), uploads: join(root, 'uploads'), sight }
  await mkdir(place.home)
  const uploads = uploadsOf(Date.now)
  server = createServer((request, response) => void uploads.handle(place, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(root, { recursive: true, force: true })
})

const call = (method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(`${origin}${path}`, { method, headers: { 'tus-resumable': '1.0.0', ...headers } })

/** All five bytes of it are there, and nothing else was done. */
async function leftWhole(folder = ''): Promise<{ path: string; data: string }> {
  const named = Object.entries({ filename: 'essay.txt', folder })
  const metadata = named.map(([key, said]) => `${key} ${Buffer.from(said).toString('base64')}`)
  const headers = { 'upload-length': '5', 'upload-metadata': metadata.join(',') }
  const begun = await call('POST', '/uploads', headers)
  const path = begun.headers.get('location') ?? ''
  const data = join(place.uploads, path.split('/').at(-1) ?? '')
  await writeFile(data, 'hello')
  return { path, data }
}
const offsetOf = async (path: string) => {
  const { status, headers } = await call('HEAD', path)
  return [status, headers.get('upload-offset')]
}

it('is in its folder before anybody hears that all of it arrived', async () => {
  const { path } = await leftWhole()
  expect(await offsetOf(path)).toEqual([200, '5'])
  expect(await readFile(join(place.home, 'essay.txt'), 'utf8')).toBe('hello')
  expect(await readdir(place.uploads)).toEqual([])
})

it('is not said to have arrived while its folder is not there, and is once it is', async () => {
  const { path } = await leftWhole('lab')
  expect(await offsetOf(path)).toEqual([400, null])
  expect(await readdir(place.uploads)).toHaveLength(2)
  await mkdir(join(place.home, 'lab'))
  expect(await offsetOf(path)).toEqual([200, '5'])
  expect(await readdir(join(place.home, 'lab'))).toEqual(['essay.txt'])
})

it('is there once where it had its name already', async () => {
  const { path, data } = await leftWhole()
  await link(data, join(place.home, 'essay.txt'))
  expect(await offsetOf(path)).toEqual([200, '5'])
  expect(await readdir(place.home)).toEqual(['essay.txt'])
  expect(await readdir(place.uploads)).toEqual([])
})

it('is brought there by a client that sends the nothing that is left', async () => {
  const { path } = await leftWhole()
  const headers = { 'upload-offset': '5', 'content-type': 'application/offset+octet-stream' }
  expect((await call('PATCH', path, headers)).status).toBe(204)
  expect(await readdir(place.home)).toEqual(['essay.txt'])
  expect(await readdir(place.uploads)).toEqual([])
})
