/** `cdktf synth` for people runs the same code as the worker, and so gives the same bytes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Blueprint, canonicalText } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { withoutTraces } from '../../stacks/parts/synthesize.ts'
import { renderStack } from '../../stacks/render.ts'
import { machinesAt, machinesContent } from '../../stacks/rules/machine-stacks.ts'
import { parseDocuments, type ParsedDocument } from '../../stacks/schema-parse.ts'
import { defaultPolicy } from '../../stacks/schema.ts'
import {
  environmentDocument,
  networksDocument,
  poolDocument,
  zoneDocument,
} from '../cast/documents.ts'

const root = join(import.meta.dirname, '..', '..')
const AT = '2026-11-24T09:30:00Z'

it('writes for people, through cdktf.json, the very bytes that the worker runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-test-synth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const planned = blueprint()
  const file = join(folder, 'blueprint.json')
  writeFileSync(file, canonicalText(planned))
  const { app } = JSON.parse(readFileSync(join(root, 'cdktf.json'), 'utf8')) as { app: string }
  const [, ...args] = app.split(' ')
  execFileSync(process.execPath, args, {
    cwd: root,
    env: {
      CDKTF_OUTDIR: join(folder, 'out'),
      LABPLAN_BLUEPRINT: file,
      LABPLAN_AT: AT,
      LABPLAN_INSTALLATION: 'k3x9q2ab',
    },
  })
  const stacks = join(folder, 'out', 'stacks')
  expect(readdirSync(stacks).toSorted()).toEqual([
    'base-cloud',
    'nodes-cloud',
    'seats-networks-101-0',
    'volumes-networks-101',
  ])
  const written = (key: string) => {
    const lines = readFileSync(join(stacks, key, 'cdk.tf.json'), 'utf8').split('\n')
    // The one line that the cdktf command line insists on, and Terraform reads as a comment.
    expect(lines.splice(1, 1)).toEqual(['  "//": { "metadata": {} },'])
    return lines.join('\n')
  }
  const [course] = planned.courses
  // The examples have a pool in a cloud besides.
  const template = { ...course!.template!, constraints: ['engine.labels.labplan.pool!=cloud'] }
  const names = { installation: 'k3x9q2ab', course8: course!.course8 }
  expect(written('seats-networks-101-0')).toBe(
    renderStack({
      ...names,
      kind: 'seats',
      key: 'seats-networks-101-0',
      registry: '127.0.0.1:7083',
      seats: [1, 2, 3].map((number) => ({ number, generation: 1, template })),
    }),
  )
  expect(written('volumes-networks-101')).toBe(
    renderStack({
      ...names,
      kind: 'volumes',
      key: 'volumes-networks-101',
      volumes: [1, 2, 3].map((seat) => ({ seat, generation: 1 })),
    }),
  )
  for (const machines of machinesAt(planned, AT))
    expect(written(machines.key)).toBe(renderStack(machinesContent(machines, 'k3x9q2ab')))
})

it('puts the trace function back, also after a failure', () => {
  const { captureStackTrace } = Error
  expect(() =>
    withoutTraces(() => {
      throw new Error('on purpose')
    }),
  ).toThrow('on purpose')
  expect(Error.captureStackTrace).toBe(captureStackTrace)
})

const cloudDocument = `apiVersion: labplan/v1
kind: Pool
key: cloud
title: Cloud
flavours: [{ key: m-large, cpu: 8, memoryMb: 32768, pricePerHour: 0.4 }]
minimumIdle: 1
openstack:
  regions: [{ name: north, image: debian-12, externalNetwork: public }]
  manager: 10.0.0.2:2377
  managers: { flavour: m1.small }
`

/** Networks 101 with three students, as its documents say; and a cloud with a node that is always on. */
function blueprint(): Blueprint {
  const texts = [
    ...[zoneDocument, environmentDocument, poolDocument, cloudDocument],
    networksDocument(3),
  ]
  const documents = texts.flatMap((text) => parseDocuments(text, 'cast').documents)
  const of = <Kind extends keyof Values>(kind: Kind) =>
    documents.filter((one) => one.kind === kind).map((one) => one.value as Values[Kind])
  return compile({
    courses: of('Course'),
    environments: of('Environment'),
    pools: of('Pool'),
    policy: defaultPolicy,
    zones: of('Zone'),
    now: AT,
  }).blueprint
}

type Values = { [One in ParsedDocument as One['kind']]: One['value'] }
