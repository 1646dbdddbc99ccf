/**
 * What the cloud of machines.real.test.ts is asked the day before a class, and what Terraform's plan of its machines ends in.
 * Nothing of it is made meanwhile.
 */
import { expect, it } from 'vitest'
import { currentBlueprint } from '../../../api/data/changes/blueprint.ts'
import type { Blueprint } from '../../../stacks/blueprint.ts'
import { many, sql, withTransaction } from '../../../api/data/db.ts'
import { freeze, unfreeze } from '../../../api/data/runs/freeze.ts'
import { newToken, tokenHash } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { keepCredential } from '../../../api/data/pools/pool-credential.ts'
import { sessionsToCome } from '../../../api/data/sessions/session.ts'
import { releaseLease } from '../../../api/data/runs/stack.ts'
import { noticeText } from '../../../api/notice-text.ts'
import type { Findings } from '../../../workers/jobs/early-checks.ts'
import { machineFindings } from '../../../workers/jobs/early-machines.ts'
import { earlyPlanner } from '../../../workers/jobs/plan-early.ts'
import { take } from '../../../workers/terraform/run-stack.ts'
import { POOL } from '../../cast/cloud.ts'
import { importDocuments } from '../../cast/record.ts'
import type { MachinesScene } from './machines-scene.ts'

const NOTHING: Findings = { problems: [], unknown: [] }
const UNPLANNED = { code: 'early.machines-unplanned', params: { pool: POOL, region: 'RegionOne' } }

/** Before anything of the pool was ever made. */
export function testEarlyWithoutBase(scene: () => MachinesScene): void {
  it('plans the networks of a class the day before, and says that its machines stand on none yet', async () => {
    expect(await found(scene(), 'networks')).toEqual({ problems: [], unknown: [UNPLANNED] })
    expect(await plans(scene())).toEqual([{ key: 'base-cloud', state: 'planned', plans: true }])
    expect(await scene().tenant.contents()).toEqual([])
  })

  it('asks for size, image, zone and quota before, and tells where the class is looked at', async () => {
    const { tenant, database } = scene()
    await tenant.setQuota({ cores: 7 })
    await inPlan(scene(), (text) =>
      text.replace('image: labplan-node', 'availabilityZones: [attic], image: nothing'),
    )
    await earlyPlanner(earlyMeans(scene())).plan()
    const [session] = await sessionsToCome(database.pool, { now: scene().means.now(), limit: 1 })
    expect(session).toMatchObject({ course_key: 'networks', early_state: 'failed' })
    // No registry is here to be asked.
    expect(session?.early_unknown).toMatchObject([{ code: 'early.registry-unanswered' }, UNPLANNED])
    const [notice] = (await latestNotices(database.pool, { limit: 20 })).filter(
      ({ course_key }) => course_key === 'networks',
    )
    expect(noticeText(notice!, 'en').paragraphs.slice(-9)).toEqual([
      MACHINES,
      'The cloud has no image “nothing” that this project may use.',
      expect.stringMatching(/^Upload it/),
      'The cloud has no such availability zone, or does not open it to this project: attic.',
      expect.stringMatching(/^Correct “availabilityZones”/),
      'The quota “cores” of the project in region RegionOne would not hold the machines of its pool cloud: 8 more are needed then; 0 of 7 are in use now, of which 0 are given back before.',
      'Have “cores” raised to at least 8 (1 more), or let fewer machines be bought at once (maximum in pools.yaml).',
      expect.stringMatching(/^Not known yet whether its image .* can be pulled/),
      expect.stringMatching(/^Not known what Terraform’s plan of its machines in region RegionOne/),
    ])
    await inPlan(scene(), (text) => text.replace('name: m1.large', 'name: m9.huge'))
    expect((await found(scene(), 'networks')).problems).toEqual([
      { code: 'early.machines-then', params: { pool: POOL, region: 'RegionOne' } },
      { code: 'cloud.trouble.flavour-missing', params: { name: 'm9.huge' } },
      { code: 'cloud.trouble.flavour-missing.do', params: { name: 'm9.huge' } },
    ])
    await inPlan(scene(), (text) =>
      text.replace('externalNetwork: public', 'externalNetwork: none'),
    )
    expect((await found(scene(), 'networks')).problems).toContainEqual({
      ...{ code: 'cloud.trouble.network-missing', params: { name: 'none' } },
    })
    await inPlan(scene(), (text) => text)
    await tenant.setQuota({ cores: 2000 })
    expect(await tenant.contents()).toEqual([])
    await database.pool.query('delete from early_plan; delete from notice')
  })

  it('says what is not known while the cloud does not answer, and that nobody is let in', async () => {
    await enter(scene(), { authUrl: 'http://127.77.9.9:5999/v3' })
    const silent = await found(scene(), 'networks')
    expect(silent).toEqual({
      problems: [],
      unknown: [
        {
          code: 'early.unanswered',
          params: { region: 'RegionOne', message: "The cloud's identity did not answer." },
        },
      ],
    })
    const codes = ({ problems }: Findings) => problems.map(({ code }) => code)
    expect(codes(await found(scene(), 'networks', { attempt: 3 }))).toContain(
      'cloud.trouble.region-down',
    )
    await enter(scene(), { password: 'wrong' })
    expect(codes(await found(scene(), 'networks'))).toEqual([
      ...['early.machines-then', 'cloud.trouble.credential', 'cloud.trouble.credential.do'],
    ])
    await enter(scene(), {})
  })
}

/** While two machines of another class stand, and three more are to come. */
export function testEarlyBesideOthers(scene: () => MachinesScene): void {
  it('plans machines of the next class beside those that run, and makes none', async () => {
    const { servers, tenant, database, means } = scene()
    const before = await servers()
    const stacks = await stackRows(scene())
    expect(await found(scene(), 'systems')).toEqual(NOTHING)
    expect((await plans(scene())).at(-1)).toEqual({
      ...{ key: 'nodes-cloud', state: 'planned', plans: true },
    })
    // A port and a server each.
    const { rows } = await database.pool.query(
      `select summary from run where kind = 'plan' order by created_at desc, id desc limit 1`,
    )
    expect(rows[0].summary).toMatchObject({ create: 6, update: 0, replace: 0, delete: 0 })
    await tenant.setQuota({ instances: 4 })
    expect((await found(scene(), 'systems')).problems).toMatchObject([
      {
        code: 'early.quota',
        params: { resource: 'instances', asked: 3, freed: 0, used: 2, limit: 4, missing: 1 },
      },
      { code: 'cloud.trouble.quota.do', params: { needed: 5 } },
    ])
    // As if other machines were meant then: those of now are given back before, unless a freeze keeps them.
    const others = (text: string) =>
      text.replaceAll('m-large-1"', 'm-large-8"').replaceAll('m-large-2"', 'm-large-9"')
    const numbers = async () =>
      (await found(scene(), 'systems', { change: others })).problems[0]?.params
    expect(await numbers()).toMatchObject({ asked: 5, freed: 2, used: 2, needed: 5, missing: 1 })
    await keepAll(scene())
    expect(await numbers()).toMatchObject({ asked: 5, freed: 0, used: 2, needed: 7, missing: 3 })
    await keepAll(scene(), false)
    await tenant.setQuota({ instances: 10 })

    const token = tokenHash(newToken())
    const lease = await take(means.runs, 'nodes-cloud', token)
    const busy = {
      problems: [],
      unknown: [
        {
          code: 'early.machines-busy',
          params: { what: 'late.what.nodes', region: 'RegionOne' },
        },
      ],
    }
    expect(await found(scene(), 'systems')).toEqual(busy)
    await withTransaction(database.pool, (tx) =>
      releaseLease(tx, { stackId: lease!.id, tokenHash: token }),
    )
    // Of a run that is due, nothing is taken.
    const wanted = stacks.find(({ key }) => key === 'nodes-cloud')!.wanted_digest
    const want = (digest: string | null) =>
      database.pool.query(`update stack set wanted_digest = $1 where key = 'nodes-cloud'`, [digest])
    await want('other')
    const runs = (await plans(scene())).length
    expect([await found(scene(), 'systems'), (await plans(scene())).length]).toEqual([busy, runs])
    await want(wanted)
    expect([await servers(), await stackRows(scene())]).toEqual([before, stacks])
  })
}

const MACHINES =
  'The machines that its pool cloud is to buy for it in region RegionOne could not be made as things are.'

function earlyMeans({ means }: MachinesScene) {
  const { pool, engine, place, runs, log, now } = means
  return { pool, engine, place, runs, log, now, signal: new AbortController().signal }
}

async function found(
  scene: MachinesScene,
  course: string,
  { attempt = 1, change = (text: string) => text } = {},
): Promise<Findings> {
  const head = (await currentBlueprint(scene.database.pool))!
  const blueprint = JSON.parse(change(JSON.stringify(head.blueprint))) as Blueprint
  const session = blueprint.courses.find(({ key }) => key === course)!.sessions[0]!
  return machineFindings(earlyMeans(scene), blueprint, { session, attempt })
}

/** A freeze of what would be taken away, or its end. */
async function keepAll({ database, means }: MachinesScene, isOn = true): Promise<void> {
  const now = means.now()
  const actor = { name: 'operator', role: 'operator' } as const
  const until = new Date('2026-11-25T00:00:00Z')
  const wish = { poolKey: null, applies: false, destroys: true, reason: 'Exams', until, actor, now }
  await withTransaction(database.pool, async (tx) => {
    if (isOn) await freeze(tx, wish)
    else await unfreeze(tx, { poolKey: null, actor, now })
  })
}

const plans = ({ database }: MachinesScene) =>
  many<{ key: string; state: string; plans: boolean }>(
    database.pool,
    sql`select stack.key, run.state, run.kind = 'plan' as plans from run join stack on stack.id = run.stack_id
        order by run.created_at, run.id`,
  )

const stackRows = ({ database }: MachinesScene) =>
  many<{ key: string; wanted_digest: string | null }>(
    database.pool,
    sql`select key, state, wanted_digest, applied_digest, lease_owner, failures, message from stack order by key`,
  )

const inPlan = ({ means, poolText }: MachinesScene, change: (text: string) => string) =>
  importDocuments(means.pool, means.ring, means.now(), [
    { name: 'pool.yaml', text: change(poolText) },
  ])

const enter = ({ means, tenant }: MachinesScene, more: object) =>
  withTransaction(means.pool, (tx) =>
    keepCredential(tx, means.ring, {
      ...{ poolKey: POOL, actor: { name: 'test', role: 'operator' }, now: means.now() },
      access: { ...tenant.access, ...more },
    }),
  )
