/** `cdktf synth` for people runs the same code as the worker, and so gives the same bytes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { type Blueprint, canonicalText, course8 } from '../../stacks/blueprint.ts'
import { withoutTraces } from '../../stacks/parts/synthesize.ts'
import { renderStack } from '../../stacks/render.ts'
import { seatsOf } from './seats-content.ts'

const root = join(import.meta.dirname, '..', '..')
const AT = '2026-11-23T09:00:00Z'

it('writes for people, through cdktf.json, the very bytes that the worker runs', () => {
  const { seats } = seatsOf([1, 2, 3])
  const folder = mkdtempSync(join(tmpdir(), 'labplan-test-synth-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'blueprint.json')
  writeFileSync(file, canonicalText(blueprintOf(seats[0]!.template)))
  const { app } = JSON.parse(readFileSync(join(root, 'cdktf.json'), 'utf8')) as { app: string }
  const [, ...args] = app.split(' ')
  execFileSync(process.execPath, args, {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      CDKTF_OUTDIR: join(folder, 'out'),
      LABPLAN_BLUEPRINT: file,
      LABPLAN_AT: AT,
      LABPLAN_INSTALLATION: 'k3x9q2ab',
    },
  })
  const stacks = join(folder, 'out', 'stacks')
  expect(readdirSync(stacks).toSorted()).toEqual(['seats-networks-101-0', 'volumes-networks-101'])
  const written = (key: string) => readFileSync(join(stacks, key, 'cdk.tf.json'), 'utf8')
  const names = { installation: 'k3x9q2ab', course8: course8('networks-101') }
  expect(written('seats-networks-101-0')).toBe(
    renderStack({ ...seatsOf([1, 2, 3]), ...names, registry: '127.0.0.1:7083' }),
  )
  expect(written('volumes-networks-101')).toBe(
    renderStack({
      ...names,
      kind: 'volumes',
      key: 'volumes-networks-101',
      volumes: [1, 2, 3].map((seat) => ({ seat, generation: 1 })),
    }),
  )
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

function blueprintOf(template: Blueprint['courses'][number]['template']): Blueprint {
  const pool = { key: 'main', zone: 'default', fixed: ['node-1'], nodes: [], idle: [] }
  return {
    apiVersion: 'labplan/v1',
    kind: 'Blueprint',
    pools: [pool],
    courses: [
      {
        key: 'networks-101',
        zone: 'default',
        course8: course8('networks-101'),
        pool: 'main',
        template,
        seats: '1-3',
        volumes: { from: '2026-09-01T00:00:00Z', until: '2027-09-01T00:00:00Z' },
        headroom: null,
        allowance: { seats: 3, atOnce: 3, hoursPerWeek: 20 },
        sessions: [
          {
            key: 'networks-101/2026-11-23T10:00',
            kind: 'class',
            pool: 'main',
            group: null,
            startsAt: '2026-11-23T09:00:00Z',
            endsAt: '2026-11-23T11:00:00Z',
            opensAt: '2026-11-23T08:50:00Z',
            leadStartsAt: '2026-11-23T08:30:00Z',
            readyAt: '2026-11-23T08:45:00Z',
            graceEndsAt: '2026-11-23T11:15:00Z',
            students: 3,
            atOnce: 3,
            spares: 0,
            warm: 3,
            seats: '1-3',
            placements: [],
          },
        ],
      },
    ],
  }
}
