/** Files of a real volume through the agent: what a student may put there leads nowhere else, and comes out whole. */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { labplan } from '../../../scripts/labplan.ts'
import { MIB } from '../../../workers/storage/backend.ts'
import type { Listed } from '../../../workers/storage/files.ts'
import { localBackend } from '../../../workers/storage/local.ts'
import { serveAgent } from '../../../workers/storage/server.ts'
import { numbered } from '../../../workers/storage/uploads.ts'
import { storageScene } from './storage-scene.ts'

const scene = storageScene()
const { root } = scene
const socket = join(root, 'agent.sock')
const backend = localBackend({ root })
await backend.start()
const log = { info: () => {}, warn: () => {}, error: console.error }
const served = await serveAgent(backend, { socket, root, log })
const [mine, theirs] = ['lp-test0000-c0urse00-s001-g1', 'lp-test0000-c0urse00-s002-g1']
for (const name of [mine, theirs]) await backend.ensure({ name, limitMb: 64, isNew: true })
const home = join(root, 'mounts', mine, 'home')
const other = join(root, 'mounts', theirs, 'home')
writeFileSync(join(other, 'secret'), 'of student2')
afterAll(async () => {
  await served.close()
  scene.end()
})

type Answer = {
  status: number
  body: Buffer
  headers: Record<string, string | string[] | undefined>
}

function call(method: string, path: string, headers = {}, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path, headers, agent: false }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          body: Buffer.concat(parts),
          headers: answer.headers,
        }),
      )
      answer.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

const at = (part: string, path: string, more = '') =>
  `/volumes/${mine}/${part}?path=${encodeURIComponent(path)}${more}`
async function list(path = '', more = ''): Promise<Listed> {
  const { status, body } = await call('GET', at('files', path, more))
  expect([status, path]).toEqual([200, path])
  return JSON.parse(body.toString()) as Listed
}
const content = async (path: string) => call('GET', at('content', path))

/** Unpacks with another program than the one that made it; answers names and the folder. */
async function unpacked(path = ''): Promise<{ folder: string; names: string[] }> {
  const { status, body } = await call('GET', at('archive', path))
  expect(status).toBe(200)
  const folder = join(root, 'unpacked')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  writeFileSync(join(root, 'archive.zip'), body)
  const program =
    'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2]); print("\\n".join(z.namelist()))'
  const listed = execFileSync('python3', ['-c', program, join(root, 'archive.zip'), folder])
  return { folder, names: listed.toString().split('\n').filter(Boolean) }
}

describe('files', () => {
  it('are listed, read one by one, and all in an archive', async () => {
    mkdirSync(join(home, 'lab1'))
    writeFileSync(join(home, 'lab1', 'résumé.txt'), 'written by student1')
    writeFileSync(join(home, 'empty'), '')
    const { entries } = await list()
    expect(entries.map(({ name, kind, bytes }) => [name, kind, bytes])).toEqual([
      ['empty', 'file', 0],
      ['lab1', 'folder', 0],
    ])
    const [inner] = (await list('lab1')).entries
    expect(inner?.name).toBe('résumé.txt')
    expect((await content(`lab1/${inner?.key}`)).body.toString()).toBe('written by student1')
    expect((await content('empty')).body.length).toBe(0)
    const { folder, names } = await unpacked()
    expect(names).toEqual(['empty', 'lab1/', 'lab1/résumé.txt'])
    expect(readFileSync(join(folder, 'lab1', 'résumé.txt'), 'utf8')).toBe('written by student1')
  })

  it('have names with anything in them', async () => {
    const odd = Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x5c, 0x2e])
    writeFileSync(Buffer.concat([Buffer.from(`${home}/lab1/`), odd]), 'odd')
    writeFileSync(join(home, 'lab1', '..hidden'), 'dots')
    writeFileSync(join(home, 'lab1', '%2e%2e'), 'percent')
    writeFileSync(join(home, 'lab1', '<b>"&'), 'markup')
    const { entries } = await list('lab1')
    for (const [text, file] of [
      ['odd', 'a��'],
      ['dots', '..hidden'],
      ['percent', '%2e%2e'],
      ['markup', '<b>"&'],
    ] as const) {
      const entry = entries.find((one) => one.name.startsWith(file))
      expect((await content(`lab1/${entry?.key}`)).body.toString()).toBe(text)
      expect(entry?.name).not.toMatch(/\p{Cc}/u)
    }
    const { names } = await unpacked('lab1')
    expect(names).toHaveLength(5)
    for (const name of names) expect(name).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|\\/)
    rmSync(join(home, 'lab1'), { recursive: true })
  })

  it('are nobody else’s, by any path', async () => {
    const outside = join(root, 'outside')
    writeFileSync(outside, 'of the machine')
    symlinkSync(outside, join(home, 'to-file'))
    symlinkSync(other, join(home, 'to-folder'))
    symlinkSync('/', join(home, 'to-root'))
    symlinkSync('..', join(home, 'up'))
    expect(() => linkSync(join(other, 'secret'), join(home, 'hard'))).toThrow('EXDEV')
    const { entries } = await list()
    expect(entries.filter((one) => one.kind === 'other').map((one) => one.name)).toEqual([
      'to-file',
      'to-folder',
      'to-root',
      'up',
    ])
    const tricks = [
      ...[
        'to-file',
        'to-folder/secret',
        'to-root/etc/passwd',
        'up/../../etc/passwd',
        'up/.ballast',
      ],
      ...[
        '..',
        '../..',
        '../../../../etc/passwd',
        '%2e%2e/%2e%2e/etc/passwd',
        '%2Fetc%2Fpasswd',
        '/etc/passwd',
      ],
      ...[
        `../../${theirs}/home/secret`,
        '..%2f..%2f',
        'lab1/%00',
        '%252e%252e/etc/passwd',
        '.',
        './..',
      ],
      ...['../.ballast', '../uploads', 'a/'.repeat(100)],
    ]
    for (const part of ['files', 'content', 'archive'])
      for (const path of tricks) {
        const { status, body } = await call('GET', at(part, path))
        expect([part, path, status]).toEqual([part, path, 404])
        expect(body.toString()).not.toMatch(/of the machine|of student2|root:/)
      }
    for (const name of [
      '..',
      '.',
      'lp-test0000-c0urse00-s001-g1%2f..',
      encodeURIComponent(`../${theirs}`),
    ])
      expect((await call('GET', `/volumes/${name}/files`)).status).not.toBe(200)
    const { names } = await unpacked()
    expect(names).toEqual(['empty', '_left-out.txt'])
    for (const name of ['to-file', 'to-folder', 'to-root', 'up']) rmSync(join(home, name))
  })

  it('are told from what is no file, which holds nobody up', { timeout: 10_000 }, async () => {
    execFileSync('mkfifo', [join(home, 'pipe')])
    expect((await content('pipe')).status).toBe(404)
    expect((await content('')).status).toBe(404)
    const { folder, names } = await unpacked()
    expect(names).toContain('_left-out.txt')
    expect(readFileSync(join(folder, '_left-out.txt'), 'utf8')).toBe(
      'pipe: a link, pipe or socket\n',
    )
    rmSync(join(home, 'pipe'))
  })

  it('that are sparse make no archive that explodes', async () => {
    for (const [name, bytes] of [
      ['whole', 40],
      ['sparse-1', 60],
      ['sparse-2', 60],
      ['huge', 65],
    ] as const) {
      writeFileSync(join(home, name), 'x')
      truncateSync(join(home, name), bytes * MIB)
    }
    writeFileSync(join(home, 'real'), Buffer.alloc(20 * MIB))
    for (const nth of [1, 2, 3, 4]) linkSync(join(home, 'real'), join(home, `real-${nth}`))
    writeFileSync(join(home, 'vast'), '')
    truncateSync(join(home, 'vast'), 2 ** 43)
    const { folder, names } = await unpacked()
    expect(names).toContain('real')
    const inside = names.filter((name) => name !== '_left-out.txt')
    const total = inside.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    expect(total).toBeLessThanOrEqual(2 * 64.5 * MIB)
    const left = readFileSync(join(folder, '_left-out.txt'), 'utf8')
    expect(left).toMatch(/^huge: sparse: larger than the disk$/m)
    expect(left).toMatch(/^vast: sparse/m)
    expect(left).toMatch(/^sparse-2: sparse or linked/m)
    for (const name of readdirSync(home)) if (name !== 'empty') rmSync(join(home, name))
  })

  it('may be 3,000, in parts and all at once', { timeout: 60_000 }, async () => {
    const many = join(home, 'many')
    mkdirSync(many)
    for (let i = 0; i < 3_000; i++) writeFileSync(join(many, String(i).padStart(6, '0')), '')
    const part = await list('many', '&start=2998&count=500')
    expect([part.total, part.entries.map((one) => one.name)]).toEqual([3_000, ['002998', '002999']])
    expect((await unpacked('many')).names).toHaveLength(3_000)
    rmSync(many, { recursive: true })
  })
})

describe('uploads', () => {
  const resumable = { 'tus-resumable': '1.0.0' }
  const metadata = (filename: string, folder = '') =>
    Object.entries({ filename, folder })
      .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
      .join(',')
  const begin = (bytes: number, filename: string, folder?: string) =>
    call('POST', `/volumes/${mine}/uploads`, {
      ...{ ...resumable, 'upload-length': bytes, 'upload-metadata': metadata(filename, folder) },
    })
  const patch = (location: string, offset: number, body: Buffer) =>
    call(
      'PATCH',
      `/volumes/${mine}${location}`,
      {
        ...resumable,
        'upload-offset': offset,
        'content-type': 'application/offset+octet-stream',
        'content-length': body.length,
      },
      body,
    )
  const upload = async (text: string, filename: string, folder?: string) => {
    const begun = await begin(text.length, filename, folder)
    if (begun.status !== 201) return begun
    return patch(String(begun.headers['location']), 0, Buffer.from(text))
  }

  it('go on where they were cut, and belong to whom the folder belongs to', async () => {
    mkdirSync(join(home, 'lab'))
    execFileSync('chown', ['4321:4321', join(home, 'lab')])
    const begun = await begin(10, 'essay.txt', 'lab')
    const location = String(begun.headers['location'])
    expect([begun.status, location]).toEqual([
      201,
      expect.stringMatching(/^\/uploads\/[0-9a-f]{32}$/),
    ])
    await patch(location, 0, Buffer.from('01234'))
    expect(readdirSync(join(home, 'lab'))).toEqual([])
    const asked = await call('HEAD', `/volumes/${mine}${location}`, resumable)
    expect(asked.headers['upload-offset']).toBe('5')
    expect((await patch(location, 3, Buffer.from('x'))).status).toBe(409)
    expect((await patch(location, 5, Buffer.from('56789'))).status).toBe(204)
    expect(readFileSync(join(home, 'lab', 'essay.txt'), 'utf8')).toBe('0123456789')
    const { uid, gid, mode } = statSync(join(home, 'lab', 'essay.txt'))
    expect([uid, gid, mode & 0o777]).toEqual([4321, 4321, 0o644])
    expect(readdirSync(join(root, 'mounts', mine, 'uploads'))).toEqual([])
  })

  it('are on disk once they are said to be there, also when the power is cut then', async () => {
    expect((await upload('handed over', 'thesis.txt')).status).toBe(204)
    // What the disk has at this moment: all else is in the memory of its file system alone.
    const [copy, mount] = [join(root, 'copy.ext4'), join(root, 'copy')]
    execFileSync('cp', ['--sparse=always', join(root, 'images', `${mine}.ext4`), copy])
    mkdirSync(mount)
    execFileSync('mount', ['-o', 'loop', copy, mount])
    try {
      expect(readFileSync(join(mount, 'home', 'thesis.txt'), 'utf8')).toBe('handed over')
    } finally {
      execFileSync('umount', [mount])
    }
  })

  it('write over nothing', async () => {
    const done = await upload('another', 'essay.txt', 'lab')
    expect([done.status, decodeURIComponent(String(done.headers['x-labplan-name']))]).toEqual([
      204,
      'essay (2).txt',
    ])
    expect(readFileSync(join(home, 'lab', 'essay.txt'), 'utf8')).toBe('0123456789')
    expect(numbered('archive.tar', 3)).toBe('archive (3).tar')
    expect(numbered('.bashrc', 2)).toBe('.bashrc (2)')
  })

  it('lead nowhere else, also by a link that is put there meanwhile', async () => {
    for (const name of ['../x', '..', '.', '', 'a/b', 'a\0b', '/etc/cron.d/x'])
      expect([name, (await upload('bad', name)).status]).toEqual([name, 400])
    for (const folder of ['..', '../..', '%2e%2e', '/etc', '../uploads'])
      expect([folder, (await upload('bad', 'x', folder)).status]).toEqual([folder, 400])
    const begun = await begin(3, 'x', 'lab')
    rmSync(join(home, 'lab'), { recursive: true })
    symlinkSync(other, join(home, 'lab'))
    expect((await patch(String(begun.headers['location']), 0, Buffer.from('bad'))).status).toBe(400)
    expect(readdirSync(other)).toEqual(['secret'])
    rmSync(join(home, 'lab'))
    for (const id of ['..', '../../etc', 'x'.repeat(32), `${'0'.repeat(32)}/..`])
      expect((await call('HEAD', `/volumes/${mine}/uploads/${id}`, resumable)).status).not.toBe(200)
  })

  it('stop at the limit, and say so', async () => {
    expect(await begin(65 * MIB, 'large')).toMatchObject({ status: 507 })
    const begun = await begin(30 * MIB, 'large')
    writeFileSync(join(home, 'filler'), Buffer.alloc(50 * MIB))
    const cut = await patch(String(begun.headers['location']), 0, Buffer.alloc(30 * MIB))
    expect([cut.status, cut.body.toString()]).toEqual([507, 'disk-full'])
    expect(existsSync(join(home, 'large'))).toBe(false)
    rmSync(join(home, 'filler'))
    const offset = Number(
      (await call('HEAD', `/volumes/${mine}${begun.headers['location']}`, resumable)).headers[
        'upload-offset'
      ],
    )
    const rest = await patch(
      String(begun.headers['location']),
      offset,
      Buffer.alloc(30 * MIB - offset),
    )
    expect(rest.status).toBe(204)
    expect(statSync(join(home, 'large')).size).toBe(30 * MIB)
  })
})

describe('a backup', async () => {
  const folder = join(root, 'operator')
  mkdirSync(join(folder, 'run'), { recursive: true })
  const second = await serveAgent(backend, {
    socket: join(folder, 'run', 'storage.sock'),
    ...{ root, log },
  })
  afterAll(() => second.close())
  const said: string[] = []
  const cli = (...words: string[]) =>
    labplan(
      words,
      { print: (line) => said.push(line), complain: (line) => said.push(line) },
      { LABPLAN_HOME: folder },
    )
  const file = join(root, 'backup.tar')
  const empty = 'lp-test0000-c0urse00-s003-g1'
  const restored = join(root, 'mounts', empty, 'home')

  it('brings back files with owners, modes, links, holes and odd names', async () => {
    await backend.ensure({ name: empty, limitMb: 64, isNew: true })
    for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true })
    mkdirSync(join(home, 'lab1'))
    writeFileSync(join(home, 'lab1', 'run.sh'), 'echo', { mode: 0o750 })
    execFileSync('chown', ['-R', '4321:4322', join(home, 'lab1')])
    symlinkSync('/etc/passwd', join(home, 'lab1', 'link'))
    linkSync(join(home, 'lab1', 'run.sh'), join(home, 'lab1', 'same'))
    writeFileSync(Buffer.concat([Buffer.from(`${home}/lab1/`), Buffer.from([0xff, 0x0a])]), 'odd')
    writeFileSync(join(home, 'hole'), 'x')
    truncateSync(join(home, 'hole'), 50 * MIB)
    expect(await cli('volume', 'export', mine, file)).toBe(0)
    expect(await cli('volume', 'import', empty, file)).toBe(0)
    const list = (of: string) =>
      execFileSync('find', ['.', '-printf', '%P %y %m %U %G %s %l %n\\n'], { cwd: of })
        .toString()
        .split('\n')
        .toSorted()
    expect(list(restored)).toEqual(list(home))
    expect(statSync(join(restored, 'hole')).blocks * 512).toBeLessThan(MIB)
  })

  it('writes over nothing, and leaves nothing of what does not fit or is none', async () => {
    expect(await cli('volume', 'import', empty, file)).toBe(1)
    expect(said.at(-1)).toContain('nothing is written over')
    for (const name of readdirSync(restored)) rmSync(join(restored, name), { recursive: true })
    writeFileSync(join(root, 'none.tar'), 'no tar file at all'.repeat(1000))
    expect(await cli('volume', 'import', empty, join(root, 'none.tar'))).toBe(1)
    expect(readdirSync(restored)).toEqual([])
    writeFileSync(join(home, 'large'), Buffer.alloc(40 * MIB))
    expect(await cli('volume', 'export', mine, file)).toBe(0)
    await backend.ensure({ name: empty, limitMb: 16, isNew: false })
    expect(await cli('volume', 'import', empty, file)).toBe(1)
    expect(said.at(-1)).toContain('is empty as before')
    expect(readdirSync(restored)).toEqual([])
    expect(await cli('volume', 'export', 'lp-test0000-c0urse00-s099-g1', file)).toBe(1)
  })

  it('takes no name that leads out of the volume', async () => {
    const evil = join(root, 'evil.tar')
    const program =
      'import io, sys, tarfile; t = tarfile.open(sys.argv[1], "w")\ndef add(n, **k):\n  i = tarfile.TarInfo(n); [setattr(i, a, b) for a, b in k.items()]; t.addfile(i, io.BytesIO(b"x" * i.size))\nadd("out", type=tarfile.SYMTYPE, linkname=sys.argv[2]); add("out/evil", size=1); add("../evil", size=1); add("/evil-root", size=1); t.close()'
    const outside = join(root, 'outside-folder')
    mkdirSync(outside)
    execFileSync('python3', ['-c', program, evil, outside])
    await cli('volume', 'import', empty, evil)
    expect(readdirSync(outside)).toEqual([])
    expect(existsSync(join(root, 'mounts', empty, 'evil'))).toBe(false)
    expect(existsSync('/evil-root')).toBe(false)
  })
})
