import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { askEngine, callEngine } from '../../scripts/steps/engine-api.ts'
import { bedPlace } from './place.ts'
import type { BedPlace } from './place.ts'
import { swarmBed } from './swarm.ts'
import { namespacesOf } from './wires.ts'

it('makes a Swarm of three engines beside another one, and leaves nothing', async () => {
  const [three, one] = await Promise.all([swarmBed({ nodes: 3, gpusPerNode: 2 }), swarmBed()])
  onTestFinished(() => Promise.all([three.down(), one.down()]).then(() => undefined))

  expect(await hostnames(three.dockerHost)).toEqual(three.nodes.map((node) => node.name))
  expect(await hostnames(one.dockerHost)).toEqual(one.nodes.map((node) => node.name))
  expect(three.subnet).not.toBe(one.subnet)
  expect((await fetch(`http://${three.registry}/v2/`)).status).toBe(200)

  await Promise.all([three.down(), one.down()])
  expect([three.id, one.id].map(bedPlace).flatMap(leftovers)).toEqual([])
})

it('ends a node as a machine ends: with all it runs', async () => {
  const bed = await swarmBed({ nodes: 2 })
  onTestFinished(() => bed.down())
  const victim = bed.nodes[1]!
  process.kill(victim.pid, 'SIGKILL')
  await untilTrue(() => processesIn(victim.namespace) === '')
  await expect(callEngine(victim.dockerHost, 'GET', '/_ping')).rejects.toThrow('cannot talk')
})

it('comes down by itself when its owner is killed', async () => {
  const { owner, place } = await bedOfAnotherProcess()
  owner.kill('SIGKILL')
  await expect.poll(() => leftovers(place), { timeout: 30_000 }).toEqual([])
})

it('leaves no engine running when its keeper is killed, and reset removes the rest', async () => {
  const { place } = await bedOfAnotherProcess()
  const { pid } = JSON.parse(execFileSync('cat', [`${place.folder}/keeper.json`]).toString())
  process.kill(pid, 'SIGKILL')
  await untilTrue(() => namespacesOf(place).every((name) => processesIn(name) === ''))
  // Another test's new bed may be sweeping, or have swept: what counts is that nothing is left in the end.
  execFileSync(`${import.meta.dirname}/swarm`, ['reset'])
  await expect.poll(() => leftovers(place)).toEqual([])
})

async function bedOfAnotherProcess() {
  const program = `import { swarmBed } from '${import.meta.dirname}/swarm.ts'
    console.log((await swarmBed()).id); setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Also where the test fails: it holds the runner's output open.
  onTestFinished(() => void owner.kill('SIGKILL'))
  const [id] = await once(createInterface({ input: owner.stdout }), 'line')
  return { owner, place: bedPlace(String(id)) }
}

async function hostnames(dockerHost: string): Promise<string[]> {
  const nodes = (await askEngine(dockerHost, 'GET', '/nodes')) as {
    Description: { Hostname: string }
  }[]
  return nodes.map((node) => node.Description.Hostname).toSorted()
}

function leftovers(place: BedPlace): string[] {
  const cgroups = execFileSync('find', [
    '/sys/fs/cgroup',
    '-maxdepth',
    '2',
    '-name',
    `lpbed-${place.id}-*`,
  ])
  return [
    ...namespacesOf(place),
    ...cgroups.toString().split('\n').filter(Boolean),
    ...(existsSync(place.folder) ? [place.folder] : []),
    ...(existsSync(`/sys/class/net/${place.hostLink}`) ? [place.hostLink] : []),
  ]
}

function processesIn(namespace: string): string {
  const name = namespace.replace('/run/netns/', '')
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' })
  return stdout.trim()
}

async function untilTrue(holds: () => boolean, limitMs = 30_000): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Still not so after ${limitMs} ms: ${holds}`)
    await sleep(50)
  }
}
