/** A connection that can be cut: a proxy between two parts. While cut, nothing passes and nobody is told. */
import { once } from 'node:events'
import { type Socket, connect, createServer } from 'node:net'

export type Wire = {
  /** From now on bytes get stuck and new connections are not answered, as behind a dead switch. */
  cut(): void
  /** Old connections break, new ones pass. */
  mend(): void
  close(): Promise<void>
}

type End = { port: number } | { path: string }

/** `to` is asked for each connection: what is behind may be made later. */
export async function wire(from: End, to: () => End): Promise<Wire> {
  const pairs = new Set<[Socket, Socket]>()
  let isCut = false
  const server = createServer((near) => {
    const end = to()
    const far = connect('port' in end ? { host: '127.0.0.1', port: end.port } : { path: end.path })
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    const drop = () => {
      pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const socket of pair) socket.on('error', drop).on('close', drop)
    if (isCut) return
    near.pipe(far)
    far.pipe(near)
  })
  server.listen('port' in from ? { host: '127.0.0.1', port: from.port } : from)
  await once(server, 'listening')
  const dropAll = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    cut() {
      isCut = true
      for (const [near, far] of pairs) {
        near.unpipe(far).pause()
        far.unpipe(near).pause()
      }
    },
    mend() {
      isCut = false
      dropAll()
    },
    async close() {
      dropAll()
      server.close()
      await once(server, 'close')
    },
  }
}
