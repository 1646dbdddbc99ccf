import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { contentDigest } from '../../stacks/content.ts'
import { imageReference, literal, literalEnv } from '../../stacks/parts/text.ts'
import { renderStack } from '../../stacks/render.ts'
import { seatsOf } from './seats-content.ts'

const expected = (name: string) => readFileSync(join(import.meta.dirname, 'expected', name), 'utf8')

it('renders two seats as reviewed', async () => {
  await expect(renderStack(seatsOf([1, 17]))).toMatchFileSnapshot('expected/seats.tf.json')
})

it('renders a GPU, no network and no volume as reviewed', async () => {
  const gpu = { gpu: { kind: 'a100', count: 2 }, network: 'none', volume: null, command: [] }
  await expect(renderStack(seatsOf([1], gpu))).toMatchFileSnapshot('expected/seats-gpu.tf.json')
})

it('renders nothing as a configuration that destroys what is there', async () => {
  await expect(renderStack(seatsOf([]))).toMatchFileSnapshot('expected/seats-empty.tf.json')
})

it('gives the same bytes whatever the order, and other bytes only for other content', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 6 })
  fc.assert(
    fc.property(numbers, numbers, (some, others) => {
      const same = [...some].toSorted().join() === [...others].toSorted().join()
      expect(renderStack(seatsOf(some.toReversed()))).toBe(renderStack(seatsOf(some)))
      expect(contentDigest(seatsOf(some.toReversed()))).toBe(contentDigest(seatsOf(some)))
      expect(contentDigest(seatsOf(some)) === contentDigest(seatsOf(others))).toBe(same)
      expect(renderStack(seatsOf(some)) === renderStack(seatsOf(others))).toBe(same)
    }),
    { numRuns: 15 },
  )
})

it('mounts the course’s data where something keeps it, to be read only', () => {
  const data = { version: 3, sizeMb: 50, mountPath: '/data' }
  const mountsOf = (more: object) => {
    const content = { ...seatsOf([1], { data: { ...data, ...more } }), storageRoot: '/srv/labplan' }
    const { resource } = JSON.parse(renderStack(content))
    return resource.docker_service.s001.task_spec.container_spec.mounts
  }
  expect(mountsOf({})).toHaveLength(1)
  expect(mountsOf({ backend: 'local' })[1]).toMatchObject({
    ...{ type: 'volume', source: 'lp-k3x9q2ab-netw0rks-data-g3', target: '/data', read_only: true },
    volume_options: {
      driver_options: { device: '/srv/labplan/mounts/lp-k3x9q2ab-netw0rks-data-g3/home' },
    },
  })
  const nfs = mountsOf({ backend: 'nfs', server: '10.64.0.9' })[1]
  expect(nfs.volume_options.driver_options.device).toBe(':/lp-k3x9q2ab-netw0rks-data-g3/home')
})

it('changes only its own block when a seat is added', () => {
  const before = renderStack(seatsOf([1, 2])).split('\n')
  const after = new Set(renderStack(seatsOf([1, 2, 3])).split('\n'))
  expect(before.filter((line) => !after.has(line))).toEqual([])
})

it('holds nothing secret and no address of a backend', () => {
  const text = expected('seats.tf.json')
  expect(text).toContain('"http": {}')
  expect(text).toContain('${var.secrets[\\"001\\"]}')
  expect(text).not.toMatch(/password|token/i)
})

it('mounts the same, whatever an environment says in its settings', () => {
  const root = '/srv/labplan'
  const personal = { mountPath: '/personal' }
  const mountsOf = (more: object) => {
    const content = { ...seatsOf([1], { personal, ...more }), storageRoot: root }
    const { resource } = JSON.parse(renderStack(content))
    return resource.docker_service.s001.task_spec.container_spec.mounts
  }
  const usual = mountsOf({})
  expect(usual.map((mount: { source: string }) => mount.source)).toEqual([
    'lp-k3x9q2ab-netw0rks-s001-g1',
    `${root}/slots/lp-k3x9q2ab-netw0rks-s001`,
  ])
  const other = `type=bind,source=${root}/mounts/lp-k3x9q2ab-personal-s002-g1,target=/mnt`
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      other,
      `-v ${root}:/mnt`,
      `--mount=${other}`,
      '{{.Node.Hostname}}',
      '${var.secrets}',
    ),
  )
  const names = fc.constantFrom('LABPLAN_STORAGE_ROOT', 'LABPLAN_CEPH_CONF', 'CEPH_ARGS', 'mounts')
  fc.assert(
    fc.property(fc.dictionary(names, text), fc.array(text), (env, command) => {
      expect(mountsOf({ env, command, capabilities: ['SYS_CHROOT'] })).toEqual(usual)
    }),
    { numRuns: 40 },
  )
  // Where a volume appears is the environment's to say; what appears is not.
  const placed = mountsOf({ volume: { mountPath: `/mnt,source=${root}`, quotaMb: 1 } })
  expect(placed.map((mount: { source: string }) => mount.source)).toEqual(
    usual.map((mount: { source: string }) => mount.source),
  )
})

it("never lets a teacher's text run as a template", () => {
  const hostile = '${file("/etc/shadow")} %{ if true }x%{ endif } {{.Node.Hostname}} $${fine}'
  const { resource } = JSON.parse(
    renderStack(seatsOf([1], { env: { TEXT: hostile }, command: [hostile] })),
  )
  const container = resource.docker_service.s001.task_spec.container_spec
  const evaluated = (text: string) => text.replaceAll('$${', '').replaceAll('%%{', '')
  expect(evaluated(container.env.TEXT)).not.toMatch(/[$%]\{/)
  expect(evaluated(container.args[0])).not.toMatch(/[$%]\{/)
  expect(container.env.TEXT).toContain('{{"{{"}}.Node.Hostname}}')
  expect(() => literal('${TfToken[TOKEN.1]}')).toThrow('TfToken')
  expect(literalEnv('cost: 5 $ {a}')).toBe('cost: 5 $ {a}')
})

it.each([
  ['labplan/terminal@sha256:aa', '127.0.0.1:7083/labplan/terminal@sha256:aa'],
  ['terminal@sha256:aa', '127.0.0.1:7083/terminal@sha256:aa'],
  ['registry.example/terminal@sha256:aa', 'registry.example/terminal@sha256:aa'],
  ['localhost/terminal@sha256:aa', 'localhost/terminal@sha256:aa'],
  ['box:5000/terminal@sha256:aa', 'box:5000/terminal@sha256:aa'],
])('finds %s at %s', (image, reference) => {
  expect(imageReference(image, '127.0.0.1:7083')).toBe(reference)
})
