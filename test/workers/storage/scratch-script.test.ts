/** What brings a scratch home to a volume, by the real shell and its programs: what comes where, what stays, and once only. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BRING, CLEAR, ENDS } from '../../../workers/swarm/scratch-script.ts'

const ID = '01a21841-e20d-7573-a4ca-d7807c21deb2'
const FOLDER = 'from-scratch-2026-11-26T08-00Z'
let root = ''
let scratch = ''
let home = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'labplan-test-scratch-'))
  scratch = join(root, 'scratch')
  home = join(root, 'home')
  for (const folder of ['scratch/labx', 'scratch/.labplan', 'home/labx'])
    mkdirSync(join(root, folder), { recursive: true })
  writeFileSync(join(scratch, '.labplan/ssh_host_key'), 'of the seat')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const words = () => ['-c', BRING, 'sh', scratch, home, ID, FOLDER]
const bring = (): number | null => spawnSync('sh', words(), { stdio: 'pipe' }).status
const write = (path: string, text: string) => writeFileSync(join(root, path), text)
const read = (path: string) => readFileSync(join(root, path), 'utf8')

it('puts all of it into one new folder, and overwrites nothing', () => {
  write('home/labx/report', 'of last week')
  write('scratch/labx/report', 'of today')
  write('scratch/labx/READ-ME-scratch-home.txt', 'This is a scratch home')
  write('scratch/labx/-n new\nline', 'any name')
  mkdirSync(join(scratch, 'labx/deep/er'), { recursive: true })
  write('scratch/labx/deep/er/one', '1')
  symlinkSync('/etc/shadow', join(scratch, 'labx/link'))
  linkSync(join(scratch, 'labx/report'), join(scratch, 'labx/same'))
  expect(bring()).toBe(ENDS.folder)
  const came = `home/labx/${FOLDER}`
  expect(readdirSync(join(root, came))).not.toContain('READ-ME-scratch-home.txt')
  expect(read('home/labx/report')).toBe('of last week')
  expect(read(`${came}/report`)).toBe('of today')
  expect(read(`${came}/-n new\nline`)).toBe('any name')
  expect(read(`${came}/deep/er/one`)).toBe('1')
  expect(readlinkSync(join(root, came, 'link'))).toBe('/etc/shadow')
  expect(lstatSync(join(root, came, 'same')).nlink).toBe(2)
  expect(readdirSync(join(home, 'labx')).toSorted()).toEqual([FOLDER, 'report'].toSorted())
  expect(readdirSync(home)).toEqual(['labx'])
})

it('brings it once, however often it is asked; another of the same minute gets a name of its own', () => {
  write('scratch/labx/report', 'of today')
  expect([bring(), bring()]).toEqual([ENDS.folder, ENDS.folder])
  expect(readdirSync(join(home, 'labx'))).toEqual([FOLDER])
  write(`home/labx/${FOLDER}/.from-scratch`, 'another')
  expect(bring()).toBe(ENDS.folder)
  expect(readdirSync(join(home, 'labx')).toSorted()).toEqual([FOLDER, `${FOLDER}-2`])
})

it('makes the home of it where there is none yet, once', () => {
  rmSync(join(home, 'labx'), { recursive: true })
  write('scratch/labx/report', 'of today')
  expect([bring(), bring()]).toEqual([ENDS.home, ENDS.home])
  expect(readdirSync(home)).toEqual(['labx'])
  expect(read('home/labx/report')).toBe('of today')
})

it('takes what is beside the student’s folder, too', () => {
  write('scratch/labx/report', 'of today')
  write('scratch/beside', 'of root')
  expect(bring()).toBe(ENDS.folder)
  expect(read(`home/${FOLDER}/labx/report`)).toBe('of today')
  expect(read(`home/${FOLDER}/beside`)).toBe('of root')
  expect(existsSync(join(home, FOLDER, '.labplan'))).toBe(false)
})

it('brings nothing where nobody wrote: what every new home gets is no file of theirs', () => {
  expect(bring()).toBe(ENDS.nothing)
  for (const name of readdirSync('/etc/skel', { withFileTypes: true }).filter((one) =>
    one.isFile(),
  ))
    write(`scratch/labx/${name.name}`, readFileSync(join('/etc/skel', name.name), 'utf8'))
  write('scratch/labx/READ-ME-scratch-home.txt', 'This is a scratch home')
  expect(bring()).toBe(ENDS.nothing)
  rmSync(join(scratch, 'labx'), { recursive: true })
  expect(bring()).toBe(ENDS.nothing)
  expect(readdirSync(join(home, 'labx'))).toEqual([])
})

it('follows no link that a student left in their home', () => {
  rmSync(join(home, 'labx'), { recursive: true })
  mkdirSync(join(root, 'outside'))
  symlinkSync(join(root, 'outside'), join(home, 'labx'))
  write('scratch/labx/report', 'of today')
  expect(bring()).toBe(ENDS.folder)
  expect(readdirSync(join(root, 'outside'))).toEqual([])
  expect(read(`home/${FOLDER}/report`)).toBe('of today')
})

it('leaves a full disk as it was, says so, and brings it when there is room', ({ skip }) => {
  skip(process.getuid?.() !== 0, 'mounts a small file system: needs root')
  rmSync(join(home, 'labx'), { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', home])
  try {
    mkdirSync(join(home, 'labx'))
    write('home/labx/mine', 'x'.repeat(500_000))
    write('scratch/labx/report', 'y'.repeat(600_000))
    expect(bring()).toBe(ENDS.noRoom)
    expect(readdirSync(join(home, 'labx'))).toEqual(['mine'])
    rmSync(join(home, 'labx/mine'))
    expect(bring()).toBe(ENDS.folder)
    expect(read(`home/labx/${FOLDER}/report`)).toHaveLength(600_000)
  } finally {
    execFileSync('umount', [home])
  }
})

it('may be killed anywhere: what is named is whole, and it comes once', async () => {
  for (let i = 0; i < 60; i++) write(`scratch/labx/file-${i}`, `${i}`.repeat(2000))
  for (let kill = 0; kill < 12; kill++) {
    const child = spawn('sh', words(), { stdio: 'ignore', detached: true })
    const ended = once(child, 'exit')
    await sleep(kill * 9)
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL')
    await ended
    const came = join(home, 'labx', FOLDER)
    const named = existsSync(came) ? readdirSync(came) : undefined
    expect(named?.length ?? 61).toBe(61)
  }
  expect(bring()).toBe(ENDS.folder)
  expect(readdirSync(join(home, 'labx'))).toEqual([FOLDER])
  for (let i = 0; i < 60; i++)
    expect(read(`home/labx/${FOLDER}/file-${i}`)).toBe(`${i}`.repeat(2000))
})

it('leaves nothing on the node in the end', () => {
  write('scratch/labx/report', 'of today')
  symlinkSync(home, join(scratch, 'labx/link'))
  write('home/labx/report', 'of last week')
  expect(spawnSync('sh', ['-c', CLEAR, 'sh', scratch]).status).toBe(0)
  expect(readdirSync(scratch)).toEqual([])
  expect(read('home/labx/report')).toBe('of last week')
})
