/** What a seat mounts besides its volume is as it was applied, or is seen to be something else. */
import { expect, it } from 'vitest'
import { differencesOf } from '../../../workers/watch/spec.ts'
import { template } from '../../stacks/seats-content.ts'

const applied = {
  ...{ installation: 'k3x9q2ab', registry: '127.0.0.1:7083', storageRoot: '/srv/labplan' },
  ...{ course8: 'netw0rks', number: 1, generation: 1, networkId: 'net' },
  template: {
    ...template,
    personal: { mountPath: '/personal' },
    data: { mountPath: '/data', version: 2, sizeMb: 64, backend: 'local' as const },
  },
}
const NAME = 'lp-k3x9q2ab-netw0rks'
const own = [
  { Type: 'volume', Source: `${NAME}-s001-g1`, Target: template.volume!.mountPath },
  { Type: 'bind', Source: `/srv/labplan/slots/${NAME}-s001`, Target: '/personal' },
  { Type: 'volume', Source: `${NAME}-data-g2`, Target: '/data' },
]
const differencesWith = (Mounts: typeof own, seat = applied) =>
  differencesOf(
    {
      ...{ id: 'id-1', name: `${NAME}-s001`, labels: {}, replicas: 0 },
      spec: {
        ...{ Name: `${NAME}-s001`, Labels: {}, Mode: {} },
        TaskTemplate: {
          ContainerSpec: {
            Image: `127.0.0.1:7083/${template.image}`,
            Mounts,
            CapabilityAdd: template.capabilities.map((one) => `CAP_${one}`),
            CapabilityDrop: ['ALL'],
          },
          Resources: {
            Limits: {
              NanoCPUs: template.cpuMillis * 1e6,
              MemoryBytes: template.memoryMb * 1024 * 1024,
            },
          },
          Networks: [{ Target: 'net' }],
        },
      },
    },
    seat,
  )

it('finds a slot of the node where a server has it', () => {
  const personal = { mountPath: '/personal', server: '10.1.0.9' }
  const served = { ...applied, template: { ...applied.template, personal } }
  const mount = { Type: 'volume', Source: `${NAME}-s001-slot`, Target: '/personal' }
  expect(differencesWith([own[0]!, mount, own[2]!], served)).toEqual([])
  expect(differencesWith(own, served)).toEqual(['mounts'])
})

it('finds nothing in a seat with a slot and the course’s data', () => {
  expect(differencesWith(own)).toEqual([])
})

it('finds another’s slot, another version and what is left out', () => {
  const with1 = (at: number, source: string) =>
    own.map((one, i) => (i === at ? { ...one, Source: source } : one))
  expect(differencesWith(with1(1, `/srv/labplan/slots/${NAME}-s002`))).toEqual(['mounts'])
  expect(differencesWith(with1(2, `${NAME}-data-g1`))).toEqual(['mounts'])
  expect(differencesWith(own.slice(0, 2))).toEqual(['mounts'])
})
