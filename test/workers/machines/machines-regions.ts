/**
 * A pool of two regions in the cloud of machines.real.test.ts, whose first is down at the start. Both lead to the same
 * services (test/beds/cloud/regions.ts): what one had made twice, or taken from the other, would be seen.
 */
import { afterAll, expect, it } from 'vitest'
import { livingNodes } from '../../../api/data/pools/node.ts'
import { poolReport } from '../../../api/data/pools/pool-report.ts'
import { refusingRegions } from '../../../api/data/pools/region-refusal.ts'
import { nodeWatch } from '../../../workers/jobs/watch-nodes.ts'
import { addRegions, type BedRegions } from '../../beds/cloud/regions.ts'
import { courseDocument, POOL, twoRegions } from '../../cast/cloud.ts'
import { killedInTheMiddle, NOTHING, planOf, whenWanted } from './machines-acts.ts'
import { machinesScene, type MachinesScene } from './machines-scene.ts'

/** One machine of a size that may be in either region, for four hours; then two of one that is in South only. */
const COURSES = [
  courseDocument({ key: 'networks', start: '2026-11-24T10:00', minutes: 240, students: 4 }),
  courseDocument({ key: 'systems', start: '2026-11-24T11:00', minutes: 60, students: 8 }),
]
const REGIONS = ['North', 'South']

/** @param other a scene in the cloud that it is to use */
export function testRegions(other: () => MachinesScene): void {
  let scene: MachinesScene
  let regions: BedRegions
  afterAll(() => scene?.down())

  it('makes machines in the next region while the first does not answer, and says so', async () => {
    const { cloud } = other()
    regions = await addRegions(cloud, REGIONS)
    const pool = (manager: string) => twoRegions(manager, { regions: REGIONS, quota: 1 })
    scene = await machinesScene(COURSES, { cloud, pool })
    await regions.stop('North')
    scene.at(await whenWanted(scene, 1))
    // Until what is asked of the one that is down is put off for longer than anything else takes.
    const ran = await scene.settle()
    expect(ran.slice(0, 3)).toEqual(['base-cloud', 'base-cloud', 'base-cloud'])
    expect(await scene.names()).toEqual(['m-large-1 ACTIVE'])
    expect(await poolReport(scene.database.pool, POOL, scene.means.now())).toMatchObject({
      nodes: [{ name: 'm-large-1', region: 'South', state: 'booted' }],
      regions: [
        { name: 'North', refusal: { cause: { code: 'region-down' }, elsewhere: ['South'] } },
        { name: 'South', machines: 1, refusal: null },
      ],
    })
  })

  it('leaves them there when the first is well again, and makes none twice', async () => {
    const { means } = scene
    const before = await scene.servers()
    /** What is seen of machines, and of regions that were down; answers which still are. */
    const look = async () => {
      await nodeWatch({ ...means, ...means.place }).look()
      return (await refusingRegions(means.pool, means.now())).map(({ region }) => region)
    }
    expect(await look()).toEqual(['North'])
    await regions.start('North')
    scene.at(new Date(means.now().getTime() + 60_000).toISOString())
    expect(await look()).toEqual([])
    const [row] = await livingNodes(means.pool)
    expect(row).toMatchObject({ state: 'booted', region: 'South', server_id: before[0]!.id })
    // Its networks are wanted there, as planned; no machine is.
    expect(await scene.settle()).toEqual(['base-cloud'])
    expect((await scene.servers()).map(({ id }) => id)).toEqual(before.map(({ id }) => id))
    for (const key of ['base-cloud', 'base-cloud_South', 'nodes-cloud_South'])
      expect(await planOf(scene, key)).toMatchObject(NOTHING)
  })

  it('adopts what a killed worker made in another region than the first', async () => {
    const busy = await whenWanted(scene, 3)
    scene.at(busy)
    await scene.reconcile()
    const made = await killedInTheMiddle(scene, 'nodes-cloud_South', 1)
    scene.at(new Date(Date.parse(busy) + 60_000).toISOString())
    expect(new Set(await scene.settle())).toEqual(new Set(['nodes-cloud_South']))
    const keys = ['m-large-1', 's-large-1', 's-large-2']
    expect(await scene.names()).toEqual(keys.map((key) => `${key} ACTIVE`))
    const ids = (await scene.servers()).map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(made))
    const contents = await scene.tenant.contents()
    const count = (kind: string) => contents.filter((name) => name.startsWith(`${kind} `)).length
    // A port for each machine, and those of two routers on two networks; a volume for each engine.
    const counts = [count('servers'), count('ports'), count('volumes'), count('networks')]
    expect(counts).toEqual([3, 5, 3, 2])
  })

  it('takes everything away in both regions', async () => {
    scene.at('2026-11-24T20:00:00Z')
    const ran = await scene.settle()
    expect(ran.toSorted()).toEqual(['base-cloud', 'base-cloud_South', 'nodes-cloud_South'])
    expect(await scene.tenant.contents()).toEqual([])
  })
}
