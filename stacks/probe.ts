/** A content with one of everything, rendered: its bytes change whenever the renderer would make something else. */
import type { SeatTemplate } from './blueprint.ts'
import { renderStack } from './render.ts'

const title = { fr: 'Porte', en: 'Door' }
const template: SeatTemplate = {
  image: `labplan/probe@sha256:${'0'.repeat(64)}`,
  command: ['/bin/probe', '--flag'],
  env: { PROBE: '${not} {{a}} template' },
  capabilities: ['CHOWN'],
  ports: (['web', 'ssh', 'vnc', 'tcp'] as const).map((kind, i) => ({
    ...{ number: 1000 + i, name: kind, kind, title, required: true },
  })),
  ...{ cpuMillis: 1500, memoryMb: 2048, gpu: { kind: 'probe', count: 1 } },
  volume: { mountPath: '/home', quotaMb: 1024 },
  pidsLimit: 256,
  constraints: ['node.labels.probe==1'],
  network: 'seats',
}
const names = { installation: 'probe000', course8: 'probe000' }

/** Of a seats stack and a volumes stack. */
export const renderProbe = (): string[] => [
  renderStack({
    ...{ ...names, kind: 'seats', key: 'seats-probe-0', registry: 'registry.invalid' },
    seats: [
      { number: 1, generation: 1, template },
      {
        number: 2,
        generation: 3,
        template: { ...template, volume: null, network: 'none', gpu: null },
      },
    ],
  }),
  renderStack({
    ...{ ...names, kind: 'volumes', key: 'volumes-probe' },
    volumes: [{ seat: 1, generation: 1 }],
  }),
]
