/**
 * LMS platforms (issuer + client id) and their deployments. A platform that registered itself is `pending`
 * and lets nobody in until an administrator activates it; so is a deployment that was not part of a registration.
 */
import { type Actor, audit } from '../audit.ts'
import { type Db, execute, findOne, many, one, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type PlatformState = 'pending' | 'active' | 'disabled'

export type DeploymentRow = {
  id: string
  deployment_id: string
  state: PlatformState
  state_at: Date
}

export type PlatformRow = {
  id: string
  zone_id: string
  issuer: string
  client_id: string
  name: string
  state: PlatformState
  state_at: Date
  created_at: Date
}

const platformColumns = sql`platform.id, platform.zone_id, platform.issuer, platform.client_id, platform.name,
  platform.state, platform.state_at, platform.created_at`

/** Every platform with its deployments, those that wait for somebody first. */
export async function listPlatforms(
  db: Db,
): Promise<(PlatformRow & { deployments: DeploymentRow[] })[]> {
  const platforms = await many<PlatformRow>(
    db,
    sql`select ${platformColumns} from platform order by state <> 'pending', name, created_at`,
  )
  const deployments = await many<DeploymentRow & { platform_id: string }>(
    db,
    sql`select id, platform_id, deployment_id, state, state_at from deployment
        order by state <> 'pending', deployment_id`,
  )
  return platforms.map((platform) => ({
    ...platform,
    deployments: deployments
      .filter((one) => one.platform_id === platform.id)
      .map(({ platform_id: _platform, ...deployment }) => deployment),
  }))
}

export async function findPlatform(db: Db, id: string): Promise<PlatformRow | undefined> {
  return findOne<PlatformRow>(db, sql`select ${platformColumns} from platform where id = ${id}`)
}

type Decision = { id: string; actor: Actor; now: Date }

/** Lets people in from this platform; undefined when there is none. */
export async function activatePlatform(
  tx: Db,
  decision: Decision,
): Promise<PlatformRow | undefined> {
  return movePlatform(tx, decision, 'active')
}

/**
 * Nobody comes in from it any more, and whoever is in from it is signed out: except administrators, or one could
 * lock oneself out. Nothing is deleted.
 */
export async function disablePlatform(
  tx: Db,
  decision: Decision,
): Promise<PlatformRow | undefined> {
  const moved = await movePlatform(tx, decision, 'disabled')
  await execute(
    tx,
    sql`delete from login using person where person.id = login.person_id
        and person.platform_id = ${decision.id} and not person.administrator`,
  )
  return moved
}

async function movePlatform(
  tx: Db,
  decision: Decision,
  state: PlatformState,
): Promise<PlatformRow | undefined> {
  const moved = await findOne<PlatformRow>(
    tx,
    sql`update platform set state = ${state}, state_at = ${decision.now} where id = ${decision.id}
        returning ${platformColumns}`,
  )
  if (moved) await record(tx, decision, { action: `platform.${state}`, kind: 'platform' })
  return moved
}

/** Accepts or refuses one deployment of a platform; undefined when there is none. */
export async function decideDeployment(
  tx: Db,
  decision: Decision & { state: 'active' | 'disabled' },
): Promise<DeploymentRow | undefined> {
  const moved = await findOne<DeploymentRow>(
    tx,
    sql`update deployment set state = ${decision.state}, state_at = ${decision.now} where id = ${decision.id}
        returning id, deployment_id, state, state_at`,
  )
  if (moved)
    await record(tx, decision, { action: `deployment.${decision.state}`, kind: 'deployment' })
  return moved
}

async function record(
  tx: Db,
  decision: Decision,
  what: { action: string; kind: string },
): Promise<void> {
  await audit(tx, {
    actor: decision.actor,
    action: what.action,
    subject: { kind: what.kind, id: decision.id },
    now: decision.now,
  })
}

/** The deployment a launch names. One never seen before is kept as `pending`, for an administrator to decide. */
export async function meetDeployment(
  db: Db,
  seen: { platformId: string; deploymentId: string; now: Date },
): Promise<DeploymentRow> {
  const known = await findOne<DeploymentRow>(
    db,
    sql`select id, deployment_id, state, state_at from deployment
        where platform_id = ${seen.platformId} and deployment_id = ${seen.deploymentId}`,
  )
  return known ?? keepDeployment(db, { ...seen, state: 'pending' })
}

/** A deployment already there keeps its state. */
export async function keepDeployment(
  db: Db,
  deployment: {
    platformId: string
    deploymentId: string
    state: PlatformState
    now: Date
  },
): Promise<DeploymentRow> {
  return one<DeploymentRow>(
    db,
    sql`insert into deployment (id, platform_id, deployment_id, state, state_at, created_at)
        values (${newId()}, ${deployment.platformId}, ${deployment.deploymentId}, ${deployment.state},
          ${deployment.now}, ${deployment.now})
        on conflict (platform_id, deployment_id) do update set deployment_id = excluded.deployment_id
        returning id, deployment_id, state, state_at`,
  )
}

/** Origins whose pages may frame ours: issuers and authorization endpoints of platforms in one of these states. */
export async function platformOrigins(db: Db, states: PlatformState[]): Promise<string[]> {
  const rows = await many<{ issuer: string; auth_url: string | null }>(
    db,
    sql`select platform.issuer, lti_platform.auth_url from platform
        left join lti_platform on lti_platform.platform_id = platform.id
        where platform.state = any(${states})`,
  )
  const urls = rows.flatMap((row) => [row.issuer, row.auth_url ?? row.issuer])
  return [...new Set(urls.filter((url) => URL.canParse(url)).map((url) => new URL(url).origin))]
}
