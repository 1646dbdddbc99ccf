/** Students' own volumes: what a course asks for, where it can have it, and that nobody's is named anywhere. */
import { expect, it } from 'vitest'
import { canonicalJson, canonicalText } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import type { SeatsContent } from '../../stacks/content.ts'
import { personalPath } from '../../stacks/parts/names.ts'
import { renderStack } from '../../stacks/render.ts'
import { contentsAt } from '../../stacks/rules/contents.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import { envelopeOf } from '../../workers/terraform/envelope.ts'
import { networksDocument, poolDocument } from '../cast/documents.ts'
import { inputOf } from './story.ts'

const place = { installation: 'example0', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' }
const local = `${poolDocument}storage: { backend: local }\n`
const asking = `${networksDocument(2)}personalVolume: true\n`

const served = `${poolDocument}storage: { backend: nfs, server: 10.1.0.9 }\n`

function mountsOf(seats: SeatsContent): unknown[] | undefined {
  const [service] = Object.values(
    JSON.parse(renderStack(seats)).resource.docker_service as Record<
      string,
      { task_spec: { container_spec: { mounts: unknown[] } } }
    >,
  )
  return service?.task_spec.container_spec.mounts
}

function compiled(pool: string, course: string) {
  const made = compile(inputOf(`${pool}---\n${course}`, {}))
  const contents = contentsAt(made.blueprint, '2026-11-24T09:20:00.000Z', place)
  return { ...made, seats: contents.find((one) => one.kind === 'seats') as SeatsContent }
}

it('is a size and a date in the blueprint, whose bytes are canonical', () => {
  const { blueprint, notes } = compiled(local, asking)
  expect(blueprint.courses[0]?.personal).toMatchObject({ backend: 'local', quotaMb: 1024 })
  expect(blueprint.courses[0]?.personal?.until).toBe(blueprint.courses[0]?.volumes?.until)
  expect(canonicalJson(JSON.parse(canonicalText(blueprint)))).toBe(canonicalJson(blueprint))
  expect(notes.map((note) => note.code)).not.toContain('no-personal-volume')
})

it('is an empty slot of each seat, onto which the node mounts later', () => {
  const { seats } = compiled(local, asking)
  expect(mountsOf(seats)).toContainEqual({
    bind_options: { propagation: 'rslave' },
    source: `/srv/labplan/slots/lp-example0-${seats.course8}-s001`,
    target: '/personal',
    type: 'bind',
  })
})

it('is the same in a Ceph, whose volumes every machine mounts', () => {
  const { blueprint, notes, seats } = compiled(
    `${poolDocument}storage: { backend: cephfs }\n`,
    asking,
  )
  expect(blueprint.courses[0]?.personal).toMatchObject({ backend: 'cephfs', quotaMb: 1024 })
  expect(notes.map((note) => note.code)).not.toContain('no-personal-volume')
  expect(renderStack(seats)).toContain('/srv/labplan/slots/')
})

it('is held against the approved plan as any other mount', () => {
  const { seats } = compiled(local, asking)
  const [approved] = envelopeOf(seats, { secrets: { '001': 'x' } }).values()
  expect(approved?.['mounts']).toContain('/srv/labplan/slots/')
  const other = { ...seats, storageRoot: '/etc' }
  expect([...envelopeOf(other, {}).values()][0]?.['mounts']).not.toBe(approved?.['mounts'])
})

it('is a folder of the server where one keeps volumes, in which the seat finds another', () => {
  const { blueprint, notes, seats } = compiled(served, asking)
  expect(blueprint.courses[0]?.personal).toMatchObject({ backend: 'nfs', quotaMb: 1024 })
  expect(canonicalJson(JSON.parse(canonicalText(blueprint)))).toBe(canonicalJson(blueprint))
  expect(notes.map((note) => note.code)).not.toContain('no-personal-volume')
  const name = `lp-example0-${seats.course8}-s001`
  expect(mountsOf(seats)).toContainEqual(
    expect.objectContaining({
      ...{ type: 'volume', source: `${name}-slot`, target: '/personal' },
      volume_options: expect.objectContaining({
        driver_name: 'local',
        driver_options: {
          device: `:/slots/${name}`,
          o: 'addr=10.1.0.9,vers=4.2,hard,timeo=100,acdirmin=1,acdirmax=1,nosuid,nodev',
          type: 'nfs',
        },
        no_copy: true,
      }),
    }),
  )
  expect(personalPath(seats.seats[0]!.template.personal!)).toBe('/personal/files')
})

it('is from the approved server alone', () => {
  const { seats } = compiled(served, asking)
  const [approved] = envelopeOf(seats, {}).values()
  expect(approved?.['mounts']).toContain('addr=10.1.0.9,')
  expect(approved?.['mounts']).toContain(':/slots/lp-example0-')
  const other = compiled(served.replace('10.1.0.9', '10.1.0.8'), asking).seats
  expect([...envelopeOf(other, {}).values()][0]?.['mounts']).not.toBe(approved?.['mounts'])
})

it('is said not to be where the engine itself keeps volumes', () => {
  const { blueprint, notes, seats } = compiled(poolDocument, asking)
  expect(blueprint.courses[0]).not.toHaveProperty('personal')
  expect(seats.seats[0]?.template).not.toHaveProperty('personal')
  const note = notes.find((one) => one.code === 'no-personal-volume')
  expect(note).toMatchObject({ severity: 'warning' })
  expect(sentence(note!, 'en', { timeZone: 'UTC' })).toContain('has no storage')
})

it('changes nothing of a course that does not ask', () => {
  const { blueprint, seats } = compiled(local, networksDocument(2))
  expect(canonicalText(blueprint)).not.toContain('personal')
  expect(renderStack(seats)).not.toContain('slots')
})
