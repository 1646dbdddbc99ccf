/** After a run: what of the stack is there by now, for the record that receipts are written from. */
import { noteObjects, type ObjectKind } from '../../api/data/runs/made-object.ts'
import type { StackRow } from '../../api/data/runs/stack-wish.ts'
import type { StackContent } from '../../stacks/content.ts'
import { listSecrets } from '../swarm/secret.ts'
import { listOwn, wantedNames } from '../terraform/survey.ts'
import type { ApplyMeans } from './apply-means.ts'

/**
 * Looks, whether the run went through or not: a run that failed made something, too. Volumes live on their
 * nodes, where the manager cannot list them; a run that went through has verified them.
 */
export async function noteMade(
  means: Pick<ApplyMeans, 'pool' | 'engine' | 'place' | 'now'>,
  stack: StackRow,
  content: StackContent,
  run: { runId: string; ok: boolean },
): Promise<void> {
  const names = await namesThere(means, content, run.ok)
  if (names.length === 0) return
  await noteObjects(means.pool, { stackId: stack.id, runId: run.runId, names, now: means.now() })
}

async function namesThere(
  { engine, place }: Pick<ApplyMeans, 'engine' | 'place'>,
  content: StackContent,
  ok: boolean,
): Promise<[ObjectKind, string[]][]> {
  if (content.kind === 'volumes') return ok ? [['volume', volumeNames(content)]] : []
  const services = await listOwn(engine, content)
  const secrets = await listSecrets(engine, place.installation, content.key)
  return [
    ['service', services.map((one) => one.name)],
    ['secret', [...secrets.keys()]],
  ]
}

/** A share has the name of the volume that is in it. */
const volumeNames = (content: StackContent): string[] =>
  [...wantedNames(content)].flatMap(([address, name]) =>
    address.startsWith('docker_volume.') ? [name] : [],
  )
