/** A worker's connection to a Swarm of three managers: it goes on with another when one is away, or is none any more. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectEngine, type Engine } from '../../../workers/swarm/engine.ts'
import { setRole } from '../../../workers/swarm/manager.ts'
import { listNodes } from '../../../workers/swarm/node.ts'
import { quorumOf } from '../../../stacks/rules/quorum.ts'
import { openManagers, type OtherManagers } from '../../../workers/swarm/other-managers.ts'
import { type SshServer, startSshServer, whyNoSshServer } from '../../beds/ssh-server.ts'
import { type SwarmBed, swarmBed } from '../../beds/swarm.ts'

let bed: SwarmBed
let engine: Engine
let folder: string
let server: SshServer | undefined
let managers: OtherManagers | undefined
const hosts = (): string[] => bed.nodes.map(({ dockerHost }) => dockerHost)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-failover-'))
  bed = await swarmBed({ nodes: 3 })
  // What `docker system dial-stdio` finds on the machine of the second.
  const variables = { DOCKER_HOST: hosts()[1]! }
  if (whyNoSshServer() === undefined) server = await startSshServer(folder, variables)
})
afterAll(async () => {
  engine?.close()
  await managers?.close()
  await server?.end()
  await bed?.down()
  rmSync(folder, { recursive: true, force: true })
})

it('asks the next where the first is no manager', async () => {
  const [first = '', second = ''] = hosts()
  engine = connectEngine(second, first)
  expect(await listNodes(engine)).toHaveLength(3)
  expect(engine.host()).toBe(first)
  engine.close()
})

it('goes on with another when the one it speaks with is lost, and decides there', async () => {
  const [first = '', second = ''] = hosts()
  const others = server ? [`ssh://root@127.0.0.1:${server.port}`] : [second]
  const sshConfig = server?.clientConfig
  managers = await openManagers({ hosts: others, home: folder, sshConfig })
  engine = connectEngine(first, ...managers.hosts)
  for (const node of await listNodes(engine))
    if (!node.isManager) await setRole(engine, node.id, 'manager')
  const canLose = async () => quorumOf(await listNodes(engine)).canLose
  await expect.poll(canLose, { timeout: 20_000 }).toBe(1)
  expect(engine.host()).toBe(first)
  process.kill(bed.nodes[0]!.pid, 'SIGKILL')
  // Who leads is agreed on anew: a few seconds.
  const decide = () =>
    engine.call('POST', '/configs/create', { body: { Name: 'decided', Data: 'eA==' } }).then(
      () => 'decided',
      (error: Error) => (/already in use/.test(error.message) ? 'decided' : error.message),
    )
  await expect.poll(decide, { timeout: 30_000, interval: 300 }).toBe('decided')
  expect(engine.host()).toBe(managers.hosts[0])
  await expect.poll(canLose, { timeout: 20_000 }).toBe(0)
})

it('says so when nobody is left', async () => {
  const nobody = connectEngine('unix:///nowhere/1.sock', 'unix:///nowhere/2.sock')
  await expect(nobody.call('GET', '/nodes')).rejects.toThrow(/No Docker engine answers at/)
  nobody.close()
})
