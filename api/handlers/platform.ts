/** LMS platforms and their deployments as JSON, for the command line. */
import { z } from 'zod'
import { withTransaction } from '../data/db.ts'
import {
  type DeploymentRow,
  type PlatformRow,
  activatePlatform,
  decideDeployment,
  disablePlatform,
  listPlatforms,
} from '../data/lms/platform.ts'
import { notFound } from '../errors.ts'
import { type Handler, type Visit, actorOf } from '../visit.ts'

export const list: Handler = async (visit) => {
  const platforms = await listPlatforms(visit.pool)
  return {
    json: {
      platforms: platforms.map(({ deployments, ...platform }) => ({
        ...platformJson(platform),
        deployments: deployments.map(deploymentJson),
      })),
    },
  }
}

const platformJson = (row: PlatformRow) => ({
  ...{ id: row.id, name: row.name, issuer: row.issuer, clientId: row.client_id },
  ...{ state: row.state, stateAt: row.state_at, createdAt: row.created_at },
})

const deploymentJson = (row: DeploymentRow) => ({
  ...{ id: row.id, deploymentId: row.deployment_id, state: row.state, stateAt: row.state_at },
})

export const decisionBody = z.object({ state: z.enum(['active', 'disabled']) })
type Decision = z.infer<typeof decisionBody>

export const decide: Handler<unknown, Decision> = async (visit) => {
  const move = visit.body.state === 'active' ? activatePlatform : disablePlatform
  const platform = await withTransaction(visit.pool, (tx) => move(tx, decided(visit, 'platform')))
  if (!platform) throw notFound()
  return { json: platformJson(platform) }
}

export const decideOnDeployment: Handler<unknown, Decision> = async (visit) => {
  const decision = { ...decided(visit, 'deployment'), state: visit.body.state }
  const deployment = await withTransaction(visit.pool, (tx) => decideDeployment(tx, decision))
  if (!deployment) throw notFound()
  return { json: deploymentJson(deployment) }
}

function decided(visit: Visit, param: string) {
  const id = visit.params[param] ?? ''
  if (!/^[0-9a-f-]{36}$/.test(id)) throw notFound()
  return { id, actor: actorOf(visit, 'administrator'), now: visit.at }
}
