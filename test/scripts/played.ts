/** Parts a test plays where the real one cannot run in it: a Docker engine and a registry, by recorded answers. */
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Played = { address: string; close(): Promise<void> }

/** Answers JSON by path; what is not there is 404, undefined ends the connection. */
async function play(answer: (path: string) => unknown): Promise<Played> {
  const server: Server = createServer((request, response) => {
    const body = answer(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? { message: 'not found' }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** As engine 28.3 answers /v1.41, cut down to what is read of it. */
export function healthyEngine(installation: string) {
  return {
    clockMs: 0,
    info: {
      ServerVersion: '28.3.2',
      SecurityOptions: ['name=seccomp,profile=builtin', 'name=cgroupns'],
      Swarm: { LocalNodeState: 'active', ControlAvailable: true, NodeAddr: '10.0.0.5' },
    },
    nodes: ['node-1', 'node-2'].map((Hostname) => ({
      ...{ ID: `id-${Hostname}`, Description: { Hostname } },
      Spec: { Role: 'worker', Availability: 'active' },
      Status: { State: 'ready', Addr: '10.0.0.5' },
    })),
    tasks: [] as RefusedTask[],
    networks: {
      [`lp-${installation}-seats`]: { Id: 'n1', ConfigOnly: false, Options: null },
      [`lp-${installation}-seats-node`]: {
        ...{ Id: 'n2', ConfigOnly: true },
        Options: { 'com.docker.network.bridge.enable_icc': 'false' },
      },
    } as Record<string, unknown>,
  }
}
type RefusedTask = { NodeID: string; Status: { Timestamp: string; Err: string } }

/** What a node answers whose engine was cut off with a seat running (recorded from 20.10). */
export const refusedTask = (NodeID: string): RefusedTask => ({
  NodeID,
  Status: { Timestamp: new Date().toISOString(), Err: 'network lau2i4bf4qcp94s03ct1m9f88 exists' },
})

export type EngineAnswers = ReturnType<typeof healthyEngine>

/** `answers` may be changed while it plays. */
export function playEngine(answers: EngineAnswers): Promise<Played> {
  return play((path) => {
    const asked = path.replace(/^\/v[\d.]+/, '')
    const SystemTime = new Date(Date.now() + answers.clockMs).toISOString()
    if (asked === '/info') return { ...answers.info, SystemTime }
    if (asked === '/nodes') return answers.nodes
    if (asked.startsWith('/tasks?')) return answers.tasks
    return answers.networks[asked.replace('/networks/', '')]
  })
}

/** A registry that has every image while `has` says so. */
export const playRegistry = (has: () => boolean): Promise<Played> =>
  play((path) => (path === '/v2/' || has() ? {} : undefined))

/** Another program at one of our ports. */
export const playStranger = (): Promise<Played> => play(() => '<h1>It works!</h1>')
