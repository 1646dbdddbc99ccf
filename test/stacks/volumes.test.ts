/** Volumes with a limit: what a pool says, what Terraform is given, and what stays as it was. */
import { expect, it } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { contentDigest, type VolumesContent } from '../../stacks/content.ts'
import { renderStack } from '../../stacks/render.ts'
import { contentsAt } from '../../stacks/rules/contents.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { canonicalJson, canonicalText } from '../../stacks/blueprint.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import { refusals } from '../../workers/terraform/guard.ts'
import type { Change } from '../../workers/terraform/plan.ts'
import { readState } from '../../workers/terraform/survey.ts'
import { inputOf } from './story.ts'

const limited = `${poolDocument}storage: { backend: local }\n`
const place = { installation: 'example0', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
type Rendered = Record<
  string,
  { task_spec: { container_spec: { mounts: { volume_options: unknown }[] } } }
>

const IN_CLASS = '2026-11-24T09:20:00.000Z'

function stacksOf(pool: string) {
  const { blueprint } = compile(inputOf(pool + '---\n' + networksDocument(2), {}))
  const contents = contentsAt(blueprint, IN_CLASS, place)
  const find = (kind: string) => contents.find((one) => one.kind === kind)!
  return { blueprint, volumes: find('volumes') as VolumesContent, seats: find('seats') }
}

it('is said by the pool, and only for one machine', () => {
  expect(parseDocuments(limited, 'pool.yaml').errors).toEqual([])
  const two = limited.replace('nodes:\n', 'nodes:\n  - { key: node-2, cpu: 1 }\n')
  expect(parseDocuments(two, 'pool.yaml').errors).toMatchObject([
    { allowed: expect.stringContaining('only in a pool of one machine') },
  ])
  const odd = limited.replace('backend: local', 'backend: tape')
  expect(parseDocuments(odd, 'pool.yaml').errors).toMatchObject([
    { allowed: expect.stringContaining('backend: nfs') },
  ])
  const nfs = two.replace('backend: local', 'backend: nfs, server: 10.1.0.9')
  expect(parseDocuments(nfs, 'pool.yaml').errors).toEqual([])
  const named = nfs.replace('10.1.0.9', 'files.example.org')
  expect(parseDocuments(named, 'pool.yaml').errors).toMatchObject([
    { allowed: expect.stringContaining('IPv4') },
  ])
})

it('is in the blueprint, whose bytes are canonical', () => {
  const { blueprint } = stacksOf(limited)
  expect(blueprint.pools[0]?.storage).toEqual({ backend: 'local' })
  expect(canonicalJson(JSON.parse(canonicalText(blueprint)))).toBe(canonicalJson(blueprint))
})

it('gives Terraform a folder that is only there while the volume is mounted, and the limits', () => {
  const { volumes, seats } = stacksOf(limited)
  const rendered = JSON.parse(renderStack(volumes))
  const name = volumes.volumes[0] && `lp-example0-${volumes.course8}-s001-g1`
  const options = { device: `/srv/labplan/mounts/${name}/home`, o: 'bind', type: 'none' }
  expect(rendered.resource.docker_volume['s001-g1']).toMatchObject({
    driver: 'local',
    driver_opts: options,
    lifecycle: { prevent_destroy: true },
  })
  expect(rendered.resource.terraform_data.limits.input).toMatchObject({ 's001-g1': 1024 })
  const [seat] = Object.values(JSON.parse(renderStack(seats)).resource.docker_service as Rendered)
  const [mount] = seat!.task_spec.container_spec.mounts
  expect(mount?.volume_options).toMatchObject({ driver_name: 'local', driver_options: options })
})

it('has a pool of several machines bind what each one’s agent mounts from a Ceph', () => {
  const two = limited
    .replace('nodes:\n', 'nodes:\n  - { key: node-2, cpu: 1 }\n')
    .replace('backend: local', 'backend: cephfs')
  expect(parseDocuments(two, 'pool.yaml').errors).toEqual([])
  const { volumes, seats, blueprint } = stacksOf(two)
  expect(blueprint.pools[0]?.storage).toEqual({ backend: 'cephfs' })
  const device = `/srv/labplan/mounts/lp-example0-${volumes.course8}-s001-g1/home`
  const options = { device, o: 'bind', type: 'none' }
  const { resource } = JSON.parse(renderStack(volumes))
  expect(resource.docker_volume['s001-g1']).toMatchObject({ driver: 'local', driver_opts: options })
  const [seat] = Object.values(JSON.parse(renderStack(seats)).resource.docker_service as Rendered)
  const [mount] = seat!.task_spec.container_spec.mounts
  expect(mount?.volume_options).toMatchObject({ driver_name: 'local', driver_options: options })
})

it('has every node mount what a server keeps, and neither node nor server named anywhere else', () => {
  const served = limited.replace('backend: local', 'backend: nfs, server: 10.1.0.9')
  const { volumes, seats } = stacksOf(served)
  expect(volumes).not.toHaveProperty('storageRoot')
  const name = `lp-example0-${volumes.course8}-s001-g1`
  const options = {
    device: `:/${name}/home`,
    o: 'addr=10.1.0.9,vers=4.2,hard,timeo=100,nosharecache,nosuid,nodev',
    type: 'nfs',
  }
  const { resource } = JSON.parse(renderStack(volumes))
  expect(resource.docker_volume['s001-g1']).toMatchObject({ driver: 'local', driver_opts: options })
  expect(resource.terraform_data.limits.input).toMatchObject({ 's001-g1': 1024 })
  const [seat] = Object.values(JSON.parse(renderStack(seats)).resource.docker_service as Rendered)
  const [mount] = seat!.task_spec.container_spec.mounts
  expect(mount?.volume_options).toMatchObject({ driver_name: 'local', driver_options: options })
})

it('changes nothing for a pool that says nothing', () => {
  const { volumes, blueprint } = stacksOf(poolDocument)
  expect(canonicalText(blueprint)).not.toContain('storage')
  expect(volumes).not.toHaveProperty('storageRoot')
  expect(renderStack(volumes)).not.toContain('terraform_data')
  const bare = {
    ...volumes,
    volumes: volumes.volumes.map(({ seat, generation }) => ({ seat, generation })),
  }
  expect(contentDigest(volumes)).toBe(contentDigest(bare))
})

it('lets a run change limits with nobody looking, in a stack of volumes only', () => {
  const change: Change = {
    ...{
      address: 'terraform_data.limits',
      type: 'terraform_data',
      action: 'update',
      isImport: false,
    },
    ...{ id: 'x', labelsBefore: {}, labelsAfter: {}, changed: ['input'] },
  }
  const guard = {
    changes: [change],
    installation: 'example0',
    stackKey: 'x',
    replicas: new Map(),
    limits: {},
  }
  expect(refusals({ ...guard, kind: 'volumes' })).toEqual([])
  expect(refusals({ ...guard, kind: 'seats' })).toMatchObject([{ code: 'type_not_ours' }])
})

it('looks for nothing outside that is only in a state', () => {
  const resource = {
    mode: 'managed',
    type: 'terraform_data',
    name: 'limits',
    instances: [{ attributes: { id: 'x' } }],
  }
  expect(readState(Buffer.from(JSON.stringify({ resources: [resource] })))).toEqual([])
})
