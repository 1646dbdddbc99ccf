/**
 * A storage agent as it was before agents on an NFS server knew slots, for who speaks to one that nobody upgraded. Played: it keeps
 * nothing, and answers as the program of then did.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname } from 'node:path'

export async function oldAgent(
  socket: string,
  backend: 'local' | 'nfs' | 'cephfs',
): Promise<{ close(): Promise<void> }> {
  const answers: Record<string, unknown> = {
    '/storage': { backend, trouble: null },
    '/volumes': { backend, volumes: [], freeBytes: 1e12 },
  }
  const server = createServer((request, response) => {
    const body = answers[request.url ?? ''] ?? { error: 'There is nothing here.' }
    response.writeHead('error' in (body as object) ? 404 : 200, {
      'content-type': 'application/json',
    })
    response.end(JSON.stringify(body))
  })
  mkdirSync(dirname(socket), { recursive: true })
  rmSync(socket, { force: true })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
