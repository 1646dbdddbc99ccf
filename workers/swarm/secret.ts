/** Swarm secrets of seats, made outside Terraform so that no credential is in a plan or a state. */
import { z } from 'zod'
import { type Engine, EngineError } from './engine.ts'

const secret = z.looseObject({ ID: z.string(), Spec: z.looseObject({ Name: z.string() }) })

/** Secret name → id, of this installation; of one stack where it is named. */
export async function listSecrets(
  engine: Engine,
  installation: string,
  stackKey?: string,
): Promise<Map<string, string>> {
  const stack = stackKey === undefined ? [] : [`labplan.stack=${stackKey}`]
  const filters = { label: [`labplan.installation=${installation}`, ...stack] }
  const secrets = z
    .array(secret)
    .parse(await engine.call('GET', '/secrets', { query: { filters } }))
  return new Map(secrets.map((s) => [s.Spec.Name, s.ID]))
}

/** Makes the secret; answers its id. One that is there already is the same seat's, from an earlier run. */
export async function createSecret(
  engine: Engine,
  wanted: { name: string; content: string; labels: Record<string, string> },
): Promise<string> {
  const answer = await engine.call('POST', '/secrets/create', {
    body: {
      Name: wanted.name,
      Labels: wanted.labels,
      Data: Buffer.from(wanted.content).toString('base64'),
    },
  })
  return z.object({ ID: z.string() }).parse(answer).ID
}

/** Removes a secret no service uses any more; false while one still does. */
export async function removeSecret(engine: Engine, id: string): Promise<boolean> {
  try {
    await engine.call('DELETE', `/secrets/${id}`)
    return true
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    if (error.status === 404) return true
    if (error.status === 400 || error.status === 409) return false
    throw error
  }
}
