/** A course's seats as content of a stack, for tests. */
import type { SeatTemplate } from '../../stacks/blueprint.ts'
import type { SeatsContent } from '../../stacks/content.ts'

const title = { fr: 'Terminal', en: 'Terminal' }
export const template: SeatTemplate = {
  image: `labplan/terminal@sha256:${'5e'.repeat(32)}`,
  command: ['start', '--lesson', '1'],
  env: { LESSON: 'networks' },
  capabilities: ['CHOWN', 'SETGID', 'SETUID'],
  ports: [
    { number: 8080, name: 'terminal', kind: 'web', title, required: true },
    { number: 22, name: 'ssh', kind: 'ssh', title, required: true },
  ],
  cpuMillis: 500,
  memoryMb: 512,
  gpu: null,
  volume: { mountPath: '/home/student', quotaMb: 2048 },
  pidsLimit: 256,
  constraints: ['node.labels.pool==main'],
  network: 'seats',
}

export const seatsOf = (numbers: number[], more: Partial<SeatTemplate> = {}): SeatsContent => ({
  kind: 'seats',
  key: 'seats-networks-101-0',
  installation: 'k3x9q2ab',
  course8: 'netw0rks',
  registry: '127.0.0.1:7083',
  seats: numbers.map((number) => ({
    number,
    generation: 1,
    template: { ...template, ...more },
  })),
})
