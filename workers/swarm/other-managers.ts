/** Other managers of the Swarm, with which the worker goes on while its own is away; those behind SSH through a socket here. */
import { join } from 'node:path'
import { type EngineWay, openEngineWay } from './engine-way.ts'

export type OtherManagers = {
  /** Each as `connectEngine` takes it. */
  hosts: string[]
  close(): Promise<void>
}

/** @param of hosts: `unix://`, `tcp://` or `ssh://`, in the order in which they are asked */
export async function openManagers(of: {
  hosts: string[]
  home: string
  sshConfig: string | undefined
}): Promise<OtherManagers> {
  const ways: EngineWay[] = []
  const hosts: string[] = []
  for (const [i, dockerHost] of of.hosts.entries()) {
    if (!dockerHost.startsWith('ssh://')) {
      hosts.push(dockerHost)
      continue
    }
    // Several workers of one home have a way each.
    const socket = join(of.home, 'run', `manager-${i + 1}.${process.pid}`)
    ways.push(await openEngineWay({ dockerHost, certs: '', sshConfig: of.sshConfig }, socket))
    hosts.push(`unix://${socket}`)
  }
  return { hosts, close: async () => void (await Promise.all(ways.map((way) => way.close()))) }
}
