/** Only tools that somebody approved apply plans: each case alters one, in files or in the record, and says what is refused. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../../api/data/ids.ts'
import { latestNotices } from '../../../api/data/notice.ts'
import { adviceOnTools } from '../../../scripts/steps/approved-tools.ts'
import { withTransaction } from '../../../api/data/db.ts'
import { type ToolParts, approveTools, toolsDigest } from '../../../api/data/tools.ts'
import type { RunContext } from '../../../workers/terraform/context.ts'
import { machineTools, measureTools, refuseTools } from '../../../workers/terraform/tools.ts'
import { environmentDocument, networksDocument, poolDocument } from '../../cast/documents.ts'
import { importDocuments, testRing } from '../../cast/record.ts'
import { type TestDatabase, testDatabase } from '../../postgres.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const ring = testRing()
const opened: TestDatabase[] = []
let database: TestDatabase
const run = (text: string, values: unknown[] = []) => database.pool.query(text, values)
afterAll(() => Promise.all(opened.map((one) => one.drop())))

describe('the tools', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'labplan-test-tools-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  beforeEach(async () => {
    opened.push((database = await testDatabase()))
    rmSync(folder, { recursive: true, force: true })
    const provider = join(folder, 'mirror/registry.example/kreuzwerker/docker/4.6.0/linux_amd64')
    for (const path of [provider, join(folder, 'bin'), join(folder, 'early'), join(folder, 'work')])
      mkdirSync(path, { recursive: true })
    writeFileSync(join(folder, 'bin/terraform'), 'an engine', { mode: 0o755 })
    writeFileSync(join(provider, 'terraform-provider-docker_v4.6.0'), 'a provider')
    writeFileSync(join(folder, 'work/.terraform.lock.hcl'), 'a lock')
  })

  const provider = () =>
    join(
      folder,
      'mirror/registry.example/kreuzwerker/docker/4.6.0/linux_amd64/terraform-provider-docker_v4.6.0',
    )
  const measure = (engine = 'terraform 1.11.4 linux_amd64') =>
    measureTools({
      workdir: join(folder, 'work'),
      services: {
        config: {
          ...{ terraformBinary: 'terraform', providerMirror: join(folder, 'mirror') },
          searchPath: `${join(folder, 'early')}:${join(folder, 'bin')}`,
        },
      },
      found: {
        prepared: { toolchain: { engine } },
        configuration: {
          terraform: {
            required_providers: { docker: { source: 'kreuzwerker/docker', version: '~> 4.6' } },
          },
        },
      },
    } as unknown as RunContext)
  const refuse = async (parts?: ToolParts) => {
    const use = parts ?? (await measure())
    return refuseTools({ pool: database.pool, ring, now: NOW }, use)
  }

  it('that are not the approved ones are named when Labplan comes up', async () => {
    const config = {
      ...{ terraformBinary: 'terraform', providerMirror: join(folder, 'mirror') },
      searchPath: join(folder, 'bin'),
    }
    const advice = () => adviceOnTools({ pool: database.pool, ring }, () => machineTools(config))
    expect(await advice()).toBeUndefined()
    await refuse()
    expect(await advice()).toBeUndefined()
    appendFileSync(provider(), ' of another build')
    expect(await advice()).toMatch(/^Nothing is applied yet: .*\n.*tools list, once a run was held/)
    const parts = await measure()
    await refuse(parts)
    expect(await advice()).toContain(`labplan tools approve ${toolsDigest(parts).slice(0, 12)}`)
    const actor = { name: 'operator', role: 'operator' } as const
    await withTransaction(database.pool, (tx) =>
      approveTools(tx, { digest: toolsDigest(parts), actor, ring, now: NOW }),
    )
    expect(await advice()).toBeUndefined()
  })

  it('are approved with a first cloud beside the Swarm, alone or together, when nothing else of them changed', async () => {
    const parts = await measure()
    const cloud = 'registry.example/openstack/openstack/3.4.0/linux_amd64/provider'
    const [own = ''] = Object.keys(parts.providers)
    const both: ToolParts = {
      ...{ ...parts, lock: '2'.repeat(64) },
      providers: { ...parts.providers, [cloud]: '3'.repeat(64) },
    }
    expect(await refuse(parts)).toBeUndefined()
    for (const altered of [
      { ...both, renderer: '0'.repeat(64) },
      { ...both, program: '1'.repeat(64) },
      { ...both, providers: { ...both.providers, [own]: '1'.repeat(64) } },
    ]) {
      expect(await refuse(altered)).toMatch(/nobody approved these tools/)
      await run(`delete from tools where digest = $1`, [toolsDigest(altered)])
    }
    expect(await refuse(both)).toBeUndefined()
    // Alone, in the stacks of a pool's machines, it is the same to the byte.
    const alone = { ...both, lock: '4'.repeat(64), providers: { [cloud]: '3'.repeat(64) } }
    expect(await refuse(alone)).toBeUndefined()
    // Both are known by now: another lock, or other bytes, are somebody's to look at.
    expect(await refuse({ ...both, lock: '5'.repeat(64) })).toMatch(/another lock/)
    const other = { ...both.providers, [cloud]: '6'.repeat(64) }
    expect(await refuse({ ...both, providers: other })).toMatch(/another provider/)
  })

  it('are approved when they are the first, and stay so', async () => {
    expect(await refuse()).toBeUndefined()
    expect(await refuse()).toBeUndefined()
  })

  it.each<[string, () => unknown, RegExp]>([
    [
      'a byte more in the engine',
      () => appendFileSync(join(folder, 'bin/terraform'), '!'),
      /another program of the engine/,
    ],
    [
      'an engine before it on the path',
      () => writeFileSync(join(folder, 'early/terraform'), 'mine', { mode: 0o755 }),
      /another program of the engine/,
    ],
    [
      'another byte in a provider',
      () => writeFileSync(provider(), 'a provideR'),
      /another provider/,
    ],
    [
      'a provider put in its place under an old time',
      () => {
        cpSync(provider(), `${provider()}.old`, { preserveTimestamps: true })
        writeFileSync(`${provider()}.new`, 'a provided')
        renameSync(`${provider()}.new`, provider())
      },
      /another provider/,
    ],
    [
      'a second program of a provider',
      () => cpSync(provider(), `${provider()}_x5`),
      /another provider/,
    ],
    [
      'another lock',
      () => writeFileSync(join(folder, 'work/.terraform.lock.hcl'), 'a lock of mine'),
      /another lock/,
    ],
  ])('with %s apply nothing', async (_what, alter, why) => {
    expect(await refuse()).toBeUndefined()
    await alter()
    expect(await refuse()).toMatch(why)
    const [notice] = await latestNotices(database.pool, { limit: 1 })
    expect(notice).toMatchObject({ code: 'notice.tools-changed' })
  })

  it.each<[string, (parts: ToolParts) => ToolParts, RegExp]>([
    [
      'another version',
      (parts) => ({ ...parts, engine: 'terraform 1.12.0 linux_amd64' }),
      /another engine/,
    ],
    [
      'a renderer that makes something else',
      (parts) => ({ ...parts, renderer: '0'.repeat(64) }),
      /another renderer/,
    ],
    [
      'one more variable',
      (parts) => ({ ...parts, variables: [...parts.variables, 'extra'] }),
      /other variables/,
    ],
  ])('of %s apply nothing', async (_what, alter, why) => {
    const parts = await measure()
    expect(await refuse(parts)).toBeUndefined()
    expect(await refuse(alter(parts))).toMatch(why)
  })

  it.each<[string, (digest: string) => Promise<unknown>]>([
    [
      'written into the table',
      (digest) =>
        run(`update tools set approved_at = $1, approved_by_role = 'operator' where digest = $2`, [
          NOW,
          digest,
        ]),
    ],
    [
      'with the seal of others',
      (digest) =>
        run(
          `update tools set approved_at = $1, seal = other.seal, seal_key = other.seal_key from tools other where tools.digest = $2 and other.seal is not null`,
          [NOW, digest],
        ),
    ],
    [
      'by a row that says other parts',
      (digest) =>
        run(
          `update tools set parts = (select parts from tools where digest = $1) where digest <> $1`,
          [digest],
        ),
    ],
  ])('are not approved %s', async (_what, forge) => {
    const parts = await measure()
    expect(await refuse(parts)).toBeUndefined()
    const mine = { ...parts, program: '1'.repeat(64) }
    expect(await refuse(mine)).toMatch(/another program/)
    await forge(toolsDigest(mine))
    expect(await refuse(mine)).toMatch(/nobody approved these tools/)
  })

  it('are not the first again once all approvals were removed', async () => {
    await importDocuments(database.pool, ring, NOW, [
      { name: 'e.yaml', text: environmentDocument },
      { name: 'p.yaml', text: poolDocument },
      { name: 'n.yaml', text: networksDocument() },
    ])
    await run(
      `insert into stack (id, key, kind, pool_id, state, state_at) select $1, 'seats-x-0', 'seats', id, 'absent', $2 from pool`,
      [newId(), NOW],
    )
    await run(
      `insert into run (id, stack_id, kind, content_digest, state, state_at, worker, created_at, toolchain)
       select $1, id, 'apply', repeat('0', 64), 'applied', $2, 'w', $2, '{}' from stack`,
      [newId(), new Date('2099-01-01T00:00:00Z')],
    )
    await run('delete from tools')
    expect(await refuse()).toMatch(/no approval is there that carries our seal/)
  })
})
