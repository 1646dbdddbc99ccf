/** Doors of a bed: who can enter which, tried with real connections from a namespace or from inside a seat. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { askEngine } from '../../scripts/steps/engine-api.ts'
import { networkName } from '../../stacks/parts/names.ts'
import type { BedNode } from './swarm.ts'
import type { WebShell } from './web-shell.ts'

export type Door = [address: string, port: number]

/** How a connection is tried: bash has its own way; a seat with nothing but busybox has its `nc`. */
const TRIES = {
  bash: ([address, port]: Door) => `timeout 2 bash -c '</dev/tcp/${address}/${port}' 2>/dev/null`,
  busybox: ([address, port]: Door) => `nc -w 2 ${address} ${port} </dev/null >/dev/null 2>&1`,
}

/** `open` or `shut` for each door, in order, from inside a seat. */
export async function probeInside(
  shell: WebShell,
  doors: Door[],
  tool: keyof typeof TRIES = 'bash',
): Promise<string[]> {
  return inOrder(await shell.run(script(doors, tool).replaceAll('\n', ' ')))
}

/** The same from a network namespace; from this machine's own without one. */
export function probeFrom(namespace: string | undefined, doors: Door[]): string[] {
  const [program = '', ...args] = [...enter(namespace), 'bash', '-c', script(doors, 'bash')]
  return inOrder(execFileSync(program, args, { encoding: 'utf8' }))
}

/** All are tried at once. */
function script(doors: Door[], tool: keyof typeof TRIES): string {
  const tries = doors.map(
    (door, i) => `(${TRIES[tool](door)} && echo door ${i} open || echo door ${i} shut) &`,
  )
  return `(${tries.join('\n')} wait)`
}

function inOrder(said: string): string[] {
  const found = [...said.matchAll(/door (\d+) (open|shut)/g)]
  return found.toSorted((a, b) => Number(a[1]) - Number(b[1])).map(([, , state]) => state ?? '')
}

/** A server that greets who connects. */
export function listen(
  namespace: string | undefined,
  address: string,
  port: number,
): Promise<ChildProcess> {
  return serveScript(
    namespace,
    `require('node:net').createServer((socket) => socket.on('error', () => {}).end('hello'))
      .listen(${port}, '${address}', () => console.log('up'))`,
  )
}

/** A program of Node's that says a word when it is there. */
export async function serveScript(
  namespace: string | undefined,
  program: string,
): Promise<ChildProcess> {
  const [command = '', ...args] = [...enter(namespace), process.execPath, '-e', program]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', () => reject(new Error(`This server did not start: ${program}`)))
  })
  return child
}

const enter = (namespace: string | undefined): string[] =>
  namespace === undefined ? [] : ['nsenter', `--net=${namespace}`]

/** Of a service's container on a node, on the network of seats; empty where it has none. */
export async function containerAddress(
  of: BedNode,
  installation: string,
  service: string,
): Promise<string> {
  // The whole name: two letters of it may be in the random part of any other.
  const filters = encodeURIComponent(JSON.stringify({ name: [`^/?${service}\\.`] }))
  const [container] = (await askEngine(
    of.dockerHost,
    'GET',
    `/containers/json?filters=${filters}`,
  )) as {
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
  }[]
  const network = networkName(installation, 'seats')
  return container?.NetworkSettings.Networks[network]?.IPAddress ?? ''
}
