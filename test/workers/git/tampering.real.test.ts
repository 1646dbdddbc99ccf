/**
 * Tampering with what runs, with real Terraform on a real Swarm: the configuration in its folder, the engine, the plan's
 * file, the state, the clock. The engine here is a script that alters what it is given before it calls the real one;
 * it is approved as the first that this installation uses, so nothing but the envelope stands in its way.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { one, sql } from '../../../api/data/db.ts'
import type { ToolParts } from '../../../api/data/tools.ts'
import type { SeatsContent } from '../../../stacks/content.ts'
import { setReplicas } from '../../../workers/swarm/service.ts'
import type { RunSummary } from '../../../workers/terraform/context.ts'
import {
  applyStack,
  type RunResult,
  type RunServices,
} from '../../../workers/terraform/run-stack.ts'
import { terraformTools } from '../../terraform-tools.ts'
import {
  liveServices,
  runningTask,
  serviceOf,
  type TerraformBed,
  terraformBed,
} from '../terraform/terraform-bed.ts'

let bed: TerraformBed
let folder: string
let services: RunServices
beforeAll(async () => {
  bed = await terraformBed()
  folder = mkdtempSync(join(tmpdir(), 'labplan-test-tampering-'))
  const { terraformBinary } = terraformTools()
  const engine = join(folder, 'terraform')
  // `patch.mjs WHEN` is called before and after each command, in the folder of the run.
  writeFileSync(
    engine,
    `#!/bin/sh
patch() { [ ! -f ${folder}/patch.mjs ] || node ${folder}/patch.mjs "$1" >&2; }
patch "before-$1"
${terraformBinary} "$@"
code=$?
patch "after-$1"
exit $code
`,
  )
  chmodSync(engine, 0o755)
  services = {
    ...bed.services,
    config: { ...bed.services.config, terraformBinary: engine },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  }
})
afterAll(async () => {
  await bed?.down()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

/** Code that is run at an instant of the run, with `config` read and written back when it changes. */
function patchAt(when: string, code: string): void {
  writeFileSync(
    join(folder, 'patch.mjs'),
    `import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
if (process.argv[2] === '${when}') {
  const config = JSON.parse(readFileSync('cdk.tf.json', 'utf8'))
  const seat = (n) => config.resource.docker_service['s' + String(n).padStart(3, '0')]
  const container = (n) => seat(n).task_spec.container_spec
  ${code}
  writeFileSync('cdk.tf.json', JSON.stringify(config))
}`,
  )
}
const noPatch = () => rmSync(join(folder, 'patch.mjs'), { force: true })
const apply = (content: SeatsContent, more: Partial<RunServices> = {}): Promise<RunResult> =>
  applyStack({ ...services, ...more }, bed.request(content, { approved: true }))
const names = async () => (await liveServices(bed.docker)).map(({ Spec }) => Spec.Name.slice(-4))

/** Each alters the configuration of one seat; what the refusal of that seat says. */
const ALTERED: [string, (n: number) => string, RegExp][] = [
  [
    'image',
    (n) =>
      `container(${n}).image = container(${n}).image.replace(/.$/, (end) => (end === '0' ? '1' : '0'))`,
    /another image/,
  ],
  [
    'image of elsewhere',
    (n) => `container(${n}).image = 'docker.io/library/evil:latest'`,
    /another image/,
  ],
  ['memory', (n) => `seat(${n}).task_spec.resources.limits.memory_bytes *= 2`, /another limits/],
  ['cores', (n) => `seat(${n}).task_spec.resources.limits.nano_cpus *= 4`, /another limits/],
  [
    'reservation',
    (n) => `seat(${n}).task_spec.resources.reservation.memory_bytes = 4194304`,
    /another reserved/,
  ],
  ['a program', (n) => `container(${n}).command = ['/bin/sh', '-c', 'mine']`, /another program/],
  ['arguments', (n) => `container(${n}).args = ['--mine']`, /another program/],
  [
    'one more variable of the environment',
    (n) => `container(${n}).env.MINE = '1'`,
    /another environment/,
  ],
  [
    'a variable of the environment',
    (n) => `container(${n}).env.LESSON = 'another'`,
    /another environment/,
  ],
  [
    'who it says it is',
    (n) => `container(${n}).env.LABPLAN_SEAT = 'netw0rks/001'`,
    /another environment/,
  ],
  ['a right', (n) => `container(${n}).cap_add.push('CAP_SYS_ADMIN')`, /another rights/],
  ['rights kept', (n) => `container(${n}).cap_drop = []`, /another rights/],
  [
    'a folder of the node',
    (n) => `container(${n}).mounts = [{ type: 'bind', source: '/', target: '/host' }]`,
    /another mounts/,
  ],
  [
    'the engine’s socket',
    (n) =>
      `container(${n}).mounts.push({ type: 'bind', source: '/var/run/docker.sock', target: '/s' })`,
    /another mounts/,
  ],
  [
    'the volume of another',
    (n) => `container(${n}).mounts[0].source = container(1).mounts[0].source`,
    /another mounts/,
  ],
  [
    'a driver of its volume',
    (n) => `container(${n}).mounts[0].volume_options.driver_name = 'mine'`,
    /another mounts/,
  ],
  [
    'the secret of another',
    (n) => `container(${n}).secrets[0].secret_id = container(1).secrets[0].secret_id`,
    /another secrets/,
  ],
  [
    'one more secret',
    (n) => `container(${n}).secrets.push({ ...container(1).secrets[0], file_name: 'other' })`,
    /another secrets/,
  ],
  [
    'another network',
    (n) => `seat(${n}).task_spec.networks_advanced = [{ name: 'host' }]`,
    /another networks/,
  ],
  [
    'one more port',
    (n) =>
      `seat(${n}).endpoint_spec.ports.push({ target_port: 5432, protocol: 'tcp', publish_mode: 'host' })`,
    /another ports/,
  ],
  [
    'a port of the whole Swarm',
    (n) => `seat(${n}).endpoint_spec.ports[0].publish_mode = 'ingress'`,
    /another ports/,
  ],
  ['a user', (n) => `container(${n}).user = 'root'`, /another more/],
  [
    'names of hosts',
    (n) => `container(${n}).hosts = [{ host: 'lms.example.edu', ip: '10.0.0.1' }]`,
    /another more/,
  ],
  [
    'kernel settings',
    (n) => `container(${n}).sysctl = { 'net.ipv4.ip_forward': '1' }`,
    /another more/,
  ],
  ['a group', (n) => `container(${n}).groups = ['docker']`, /another more/],
  [
    'where it may run',
    (n) => `seat(${n}).task_spec.placement = { constraints: ['node.role==manager'] }`,
    /another placement/,
  ],
  [
    'a device',
    (n) =>
      `seat(${n}).task_spec.resources.reservation.generic_resources = { discrete_resources_spec: ['gpu=4'] }`,
    /another devices/,
  ],
  ['its name', (n) => `seat(${n}).name = 'lp-other000-netw0rks-s001'`, /another name/],
  [
    'whose it says it is',
    (n) =>
      `seat(${n}).labels.find((one) => one.label === 'labplan.installation').value = 'other000'`,
    /labplan.installation is other000/,
  ],
  [
    'for which stack',
    (n) => `seat(${n}).labels.find((one) => one.label === 'labplan.stack').value = 'seats-other-0'`,
    /labplan.stack is seats-other-0/,
  ],
]

it('applies the seats that are as approved, and none that somebody altered in the folder of the run', async () => {
  // Seat 1 is nobody's business; every other is altered in one way.
  const numbers = Array.from({ length: ALTERED.length + 1 }, (_, i) => i + 1)
  const beside = `config.resource.docker_service.s099 = { ...seat(1), name: 'lp-test0000-netw0rks-s099' }
  config.resource.docker_volume = { mine: { name: 'mine' } }`
  patchAt('before-plan', [...ALTERED.map(([, code], i) => code(i + 2)), beside].join('\n  '))
  const result = await apply(bed.seats(numbers))
  expect(result).toMatchObject({ ok: false, reason: 'held', isOutside: true })
  const summary = await lastSummary()
  const said = (address: string) =>
    (summary.refusals ?? [])
      .filter((one) => one.address === address)
      .map((one) => one.detail)
      .join('; ')
  const found = ALTERED.map(
    ([what, , why], i) =>
      [what, said(`docker_service.s${String(i + 2).padStart(3, '0')}`), why] as const,
  )
  expect(found.filter(([, text, why]) => !why.test(text))).toEqual([])
  expect(said('docker_service.s001')).toBe('')
  const { parts } = await one<{ parts: ToolParts }>(bed.database.pool, sql`select parts from tools`)
  expect(Object.keys(parts.providers).join()).toMatch(
    /kreuzwerker\/docker\/.*terraform-provider-docker/,
  )
  expect(parts.variables).toEqual(['networks', 'run', 'secrets'])
  expect(said('docker_service.s099')).toMatch(/nobody approved/)
  expect(said('docker_volume.mine')).toMatch(/nobody approved/)
  expect(await names()).toEqual(['s001'])
})

it('leaves what runs alone, removes nothing that is approved, and goes on with the rest', async () => {
  noPatch()
  expect(await apply(bed.seats([1, 2, 3]))).toMatchObject({ ok: true })
  const { ID } = await serviceOf(bed.docker, 2)
  await setReplicas(bed.docker, ID, { replicas: 1, pidsLimit: 32 })
  const task = await runningTask(bed.docker, ID)
  patchAt(
    'before-plan',
    'delete config.resource.docker_service.s002; delete config.resource.docker_service.s003',
  )
  const result = await apply(bed.seats([1, 2, 3, 4]))
  expect(result).toMatchObject({ ok: false, reason: 'held', isOutside: true })
  expect((await lastSummary()).refusals?.map((one) => one.code).toSorted()).toEqual([
    ...['seat_is_running', 'still_approved', 'still_approved'],
  ])
  expect(await names()).toEqual(['s001', 's002', 's003', 's004'])
  expect(await runningTask(bed.docker, ID)).toBe(task)
  await setReplicas(bed.docker, ID, { replicas: 0, pidsLimit: 32 })
})

it('applies no plan that was put in the place of the one it looked at', async () => {
  // The plan of a seat more is kept, and laid where the next run has its own.
  patchAt(
    'after-show',
    `if (existsSync('plan.bin')) copyFileSync('plan.bin', '${folder}/other.bin')`,
  )
  expect(await apply(bed.seats([1, 2, 3, 4, 5]))).toMatchObject({ ok: true })
  patchAt('after-show', `copyFileSync('${folder}/other.bin', 'plan.bin')`)
  const result = await apply(bed.seats([1, 2, 3, 4, 5, 6]))
  expect(result).toMatchObject({
    reason: 'held',
    isOutside: true,
    message: expect.stringMatching(/altered after it was looked at/),
  })
  expect(await names()).toHaveLength(5)
  noPatch()
})

it.each<[string, () => Promise<unknown>]>([
  ['a byte', () => alterState(`set_byte(content, 40, get_byte(content, 40) # 1)`)],
  [
    'its serial',
    () =>
      bed.database.pool.query(
        'update state_version set serial = serial + 100 where serial = (select max(serial) from state_version)',
      ),
  ],
])('does not plan with a state of which somebody altered %s', async (_what, alter) => {
  const before = await liveServices(bed.docker)
  await alter()
  const result = await apply(bed.seats([1, 2, 3, 4, 5, 6]))
  expect(result).toMatchObject({
    ok: false,
    message: expect.stringMatching(/state of this stack was changed in the database/),
  })
  expect(await liveServices(bed.docker)).toEqual(before)
  await bed.database.pool.query(
    'delete from state_version where serial = (select max(serial) from state_version)',
  )
})

it.each([
  [3600, 'ahead of'],
  [-3600, 'behind'],
])('applies nothing with a clock that is %d s %s the Swarm’s', async (seconds, words) => {
  const now = () => new Date(Date.now() + seconds * 1000)
  const result = await apply(bed.seats([1, 2, 3, 4, 5, 6]), { now, clockToleranceMs: 60_000 })
  expect(result).toMatchObject({
    reason: 'held',
    message: expect.stringMatching(new RegExp(`clock is 3\\d\\d\\d s ${words} the Swarm`)),
  })
  expect(await names()).toHaveLength(5)
})

it('applies nothing with another engine than the approved one', async () => {
  writeFileSync(join(folder, 'terraform'), '#!/bin/sh\n# mine\nexec terraform "$@"\n')
  const result = await apply(bed.seats([1, 2, 3, 4, 5, 6]))
  expect(result).toMatchObject({
    reason: 'held',
    message: expect.stringMatching(/nobody approved these tools \(another program of the engine\)/),
  })
  expect(await names()).toHaveLength(5)
})

async function lastSummary(): Promise<RunSummary> {
  const { summary } = await one<{ summary: RunSummary }>(
    bed.database.pool,
    sql`select summary from run order by created_at desc, id desc limit 1`,
  )
  return summary
}

const alterState = (expression: string) =>
  bed.database.pool.query(
    `update state_version set content = ${expression} where serial = (select max(serial) from state_version)`,
  )
