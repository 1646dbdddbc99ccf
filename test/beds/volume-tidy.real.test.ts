/** What a node lets go of, on a real engine: objects of volumes that lie elsewhere and that no container has, and never a file. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { tidyProgram } from '../../stacks/parts/volume-tidy.ts'
import { smallImage } from './machines/small-image.ts'
import { type SwarmBed, swarmBed } from './swarm.ts'

const OWN = 'labplan.installation=test0000'
let bed: SwarmBed
let kept: string

beforeAll(async () => {
  bed = await swarmBed({ nodes: 1 })
  kept = join(bed.folder, 'kept')
})
afterAll(() => bed?.down())

const docker = (...words: string[]): string =>
  execFileSync('docker', ['-H', bed.dockerHost, ...words], { stdio: 'pipe' })
    .toString()
    .trim()
/** Where the engine's mounts are. */
const inside = (...argv: string[]) =>
  spawnSync('nsenter', ['--mount', '--pid', '--target', String(bed.nodes[0]!.pid), ...argv], {
    env: { ...process.env, DOCKER_HOST: bed.dockerHost },
    encoding: 'utf8',
  })

/** A volume whose files are in a folder of ours, with one file. */
function keptElsewhere(name: string, label = OWN): string {
  const folder = join(kept, name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'mine'), name)
  const options = ['type=none', 'o=bind', `device=${folder}`].flatMap((one) => ['--opt', one])
  docker('volume', 'create', '--label', label, ...options, name)
  return join(folder, 'mine')
}
const volumes = () => docker('volume', 'ls', '--quiet').split('\n').toSorted()

it('lets go of those alone that have gone elsewhere, and leaves every file', async () => {
  const image = `${bed.registry}/${await smallImage(bed)}`
  docker('pull', '--quiet', image)
  docker('volume', 'create', '--label', OWN, 'engines-own')
  const files = ['gone', 'in-use', 'left-mounted'].map((name) => keptElsewhere(name))
  files.push(keptElsewhere('of-another', 'labplan.installation=other000'))
  docker('create', '--name', 'seat', '--volume', 'in-use:/home', image)
  // As an engine that was killed leaves it.
  const place = docker('volume', 'inspect', '--format', '{{.Mountpoint}}', 'left-mounted')
  expect(inside('mount', '--bind', join(kept, 'left-mounted'), place).stderr).toBe('')

  const run = inside('sh', '-c', tidyProgram('test0000'))
  expect(run.stdout).toBe('gone\n')
  expect(run.stderr).toBe('left-mounted is still mounted\n')
  expect(volumes()).toEqual(['engines-own', 'in-use', 'left-mounted', 'of-another'])
  for (const file of files) expect(file).toContain(readFileSync(file, 'utf8'))

  inside('umount', place)
  docker('rm', 'seat')
  expect(inside('sh', '-c', tidyProgram('test0000')).stdout.split('\n').toSorted()).toEqual(
    ['', 'in-use', 'left-mounted'].toSorted(),
  )
  expect(inside('sh', '-c', tidyProgram('test0000')).stdout).toBe('')
  expect(volumes()).toEqual(['engines-own', 'of-another'])
  for (const file of files) expect(file).toContain(readFileSync(file, 'utf8'))
})

it('starts nothing where a folder is not there, and says so in the words that people are told of', async () => {
  const image = `${bed.registry}/${await smallImage(bed)}`
  const missing = join(kept, 'not-here')
  const options = ['type=none', 'o=bind', `device=${missing}`].flatMap((one) => ['--opt', one])
  docker('volume', 'create', '--label', OWN, ...options, 'lost')
  expect(() => docker('run', '--volume', 'lost:/home', image)).toThrow(
    /failed to mount local volume/,
  )
  expect(existsSync(missing)).toBe(false)
})
