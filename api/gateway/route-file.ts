/**
 * The routes on this machine's disk, so that a gateway that restarts while PostgreSQL is away still serves.
 * They may be old: every connection is proven and every pass checked, so an old route refuses, never misleads.
 */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Route } from '../data/seats/route.ts'

const port = z.int().min(1).max(65_535).nullable()
const routeFile = z.object({
  installation: z.string(),
  routes: z.array(
    z.object({
      hostLabel: z.string(),
      kind: z.enum(['web', 'ssh', 'vnc', 'tcp']),
      seatId: z.string(),
      generation: z.int(),
      keyId: z.string(),
      taskId: z.string().nullable(),
      nodeAddress: z.string().nullable(),
      identityPort: port,
      publishedPort: port,
      holders: z.array(z.string()),
      workspaceId: z.string().nullable(),
      open: z.boolean(),
    }),
  ),
})

/** Undefined when there is none of this installation, or it cannot be read as one. */
export function readRouteFile(file: string, installation: string): Route[] | undefined {
  try {
    const parsed = routeFile.parse(JSON.parse(readFileSync(file, 'utf8')))
    return parsed.installation === installation ? parsed.routes : undefined
  } catch {
    return undefined
  }
}

/** Whole or not at all: a reader never sees half a file. */
export async function writeRouteFile(
  file: string,
  installation: string,
  routes: Route[],
): Promise<void> {
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, JSON.stringify({ installation, routes }), { mode: 0o600 })
  await rename(fresh, file)
}
