/** Volumes that are shares of a cloud's Manila: what a pool says, what Terraform is given, and what a plan of them may do. */
import { expect, it } from 'vitest'
import { canonicalJson, canonicalText, sha256 } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { emptied, type SeatsContent, type VolumesContent } from '../../stacks/content.ts'
import { renderStack } from '../../stacks/render.ts'
import { contentsAt } from '../../stacks/rules/contents.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import { strangeKeys } from '../../stacks/rules/leaks.ts'
import { contentOfFile, stackFiles, stackFileSchema } from '../../stacks/rules/stack-file.ts'
import { withBackend } from '../../stacks/rules/wanted.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { cloudEnvironment } from '../../workers/cloud/environment.ts'
import { envelopeOf, outsideEnvelope } from '../../workers/terraform/envelope.ts'
import { refusals } from '../../workers/terraform/guard.ts'
import { readPlan } from '../../workers/terraform/plan.ts'
import { survey } from '../../workers/terraform/survey.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import { inputOf } from './story.ts'

const SHARE = 'openstack_sharedfilesystem_share_v2'
const pool = `${poolDocument}storage: { backend: manila, region: Nord, shareType: school }\n`
const place = { installation: 'example0', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }

function made(quotaMb = 1024) {
  const course = networksDocument(2).replace(/volumeQuotaMb: \d+/, `volumeQuotaMb: ${quotaMb}`)
  const { blueprint, notes } = compile(inputOf(pool + '---\n' + course, {}))
  const contents = contentsAt(blueprint, '2026-11-24T09:20:00.000Z', place)
  const find = (kind: string) => contents.find((one) => one.kind === kind)!
  const volumes = find('volumes') as VolumesContent
  return { blueprint, notes, volumes, seats: find('seats') as SeatsContent }
}
const nameOf = ({ course8 }: VolumesContent) => `lp-example0-${course8}-s001-g1`

it('is said by the pool, in a region that it has', () => {
  expect(parseDocuments(pool, 'pool.yaml').errors).toEqual([])
  expect(parseDocuments(pool.replace(', shareType: school', ''), 'pool.yaml').errors).toMatchObject(
    [{ allowed: 'a type of shares, as the cloud names it' }],
  )
  const region = '{ name: Sud, image: debian, externalNetwork: public }'
  const cloud = `${pool}openstack: { manager: "10.0.0.2:2377", regions: [${region}] }\n`
  expect(parseDocuments(cloud, 'pool.yaml').errors).toMatchObject([
    { allowed: 'a region of this pool: Sud' },
  ])
})

it('gives Terraform a share for each seat, and neither a key nor who may open it', () => {
  const { volumes, seats, blueprint } = made()
  expect(canonicalJson(JSON.parse(canonicalText(blueprint)))).toBe(canonicalJson(blueprint))
  const { resource, terraform, provider } = JSON.parse(renderStack(volumes))
  expect(Object.keys(resource).toSorted()).toEqual(['docker_volume', SHARE, 'terraform_data'])
  expect(resource[SHARE]['s001-g1']).toEqual({
    ...{ region: 'Nord', name: nameOf(volumes), share_proto: 'CEPHFS', share_type: 'school' },
    size: 1,
    metadata: {
      'labplan.installation': 'example0',
      'labplan.seat': `${volumes.course8}/001`,
      'labplan.stack': volumes.key,
    },
    lifecycle: { prevent_destroy: true, ignore_changes: ['size', 'metadata', 'share_type'] },
  })
  expect(resource.docker_volume['s001-g1'].driver_opts).toEqual({
    ...{ device: `/srv/labplan/mounts/${nameOf(volumes)}/home`, o: 'bind', type: 'none' },
  })
  expect(terraform.required_providers.openstack.version).toBe('3.4.0')
  expect(provider.openstack).toEqual([{}])
  const access = { authUrl: 'https://cloud.example.org/v3' }
  const credential = { ...access, applicationCredentialId: 'a', applicationCredentialSecret: 'b' }
  expect(cloudEnvironment(credential, volumes)).toMatchObject({ OS_REGION_NAME: 'Nord' })
  // Where seats are concerned it is a folder: another type of shares makes none of them anew.
  expect(JSON.stringify(seats)).not.toMatch(/Nord|school/)
})

it('still knows the provider when nothing is left, so that a state can let go', () => {
  const { volumes } = made()
  const { resource, terraform } = JSON.parse(renderStack(emptied(volumes)))
  expect(resource).toBeUndefined()
  expect(Object.keys(terraform.required_providers)).toEqual(['docker', 'openstack'])
})

it('rounds what is no whole GiB up, and says so', () => {
  const { volumes, notes } = made(1500)
  expect(volumes.volumes[0]?.limit).toEqual({ backend: 'manila', limitMb: 2048 })
  const note = notes.find(({ code }) => code === 'whole-gib')
  expect(note).toMatchObject({ severity: 'info', params: { askedMb: 1500, givenMb: 2048 } })
  for (const locale of ['fr', 'en'] as const)
    expect(sentence(note!, locale, { timeZone: 'UTC' })).toMatch(/2.?048/)
  expect(made(2048).notes.map(({ code }) => code)).not.toContain('whole-gib')
})

it('is the same from its file in Git', () => {
  const { blueprint, volumes } = made(1500)
  const course = withBackend(blueprint.courses[0]!, blueprint)
  const files = stackFiles(course, blueprint.pools)
  const file = files.get(volumes.key)!
  expect(strangeKeys(new Map([['a.json', JSON.stringify(file)]]))).toEqual([])
  const again = contentOfFile(stackFileSchema.parse(JSON.parse(JSON.stringify(file))), place)
  expect(sha256(renderStack(again))).toBe(sha256(renderStack(volumes)))
})

type Given = { actions: string[]; before?: object | null; after?: object | null }
const shown = (of: Given) =>
  readPlan(
    JSON.stringify({
      resource_changes: [
        {
          ...{ address: `${SHARE}.s001-g1`, mode: 'managed', type: SHARE },
          change: { before: null, after: null, ...of },
        },
      ],
    }),
  )
const planned = (volumes: VolumesContent) => {
  const share = JSON.parse(renderStack(volumes)).resource[SHARE]['s001-g1']
  return { ...share, is_public: null, snapshot_id: null }
}

it('is held by its envelope to what was approved', () => {
  const { volumes } = made()
  const envelope = envelopeOf(volumes, {})
  const refused = (after: object) =>
    outsideEnvelope(shown({ actions: ['create'], after }), envelope).map(({ code }) => code)
  const own = planned(volumes)
  expect(refused(own)).toEqual([])
  for (const other of [
    ...[{ size: 100 }, { name: 'other' }, { region: 'Sud' }, { share_type: 'fast' }],
    ...[{ is_public: true }, { share_proto: 'NFS' }, { snapshot_id: 'of-somebody' }],
  ])
    expect(refused({ ...own, ...other }), JSON.stringify(other)).toEqual(['not_as_approved'])
  // Of what was purged for good there is none.
  const erased = {
    ...volumes,
    volumes: volumes.volumes.map((one) => ({ ...one, erased: true as const })),
  }
  expect(JSON.parse(renderStack(erased)).resource).not.toHaveProperty(SHARE)
  const again = outsideEnvelope(shown({ actions: ['create'], after: own }), envelopeOf(erased, {}))
  expect(again.map(({ code }) => code)).toEqual(['not_approved'])
})

it('is made by a run with nobody looking, and taken away by none but after a purge', () => {
  const { volumes } = made()
  const { key: stackKey, installation } = volumes
  const of = { kind: 'volumes' as const, installation, stackKey, replicas: new Map(), limits: {} }
  const codes = (given: Given, released: string[] = []) =>
    refusals({ ...of, changes: shown(given), released }).map(({ code }) => code)
  const own = { ...planned(volumes), id: 'x' }
  expect(codes({ actions: ['create'], after: own })).toEqual([])
  const gone = { actions: ['delete'], before: own }
  expect(codes(gone)).toEqual(['volume_would_be_lost'])
  expect(codes(gone, [`${SHARE}.s001-g1`])).toEqual([])
  for (const actions of [['update'], ['delete', 'create']])
    expect(codes({ actions, before: own, after: own })).toEqual(['volume_would_be_lost'])
  const strange = { ...own, metadata: { 'labplan.installation': 'other000' } }
  expect(codes({ actions: ['create'], after: strange })).toEqual(['not_labelled_ours'])
})

it('finds again what a run that died has made, the elder of two', () => {
  const { volumes } = made()
  const name = `share ${nameOf(volumes)}`
  const found = [
    { id: 'younger', name, labels: {}, replicas: 0 },
    { id: 'elder', name, labels: {}, replicas: 0 },
  ]
  const { adopt, orphans } = survey(volumes, found, [])
  expect(adopt).toEqual([{ address: `${SHARE}.s001-g1`, id: 'elder' }])
  // Kept, and said: there may be files in it.
  expect(orphans).toEqual([])
})
