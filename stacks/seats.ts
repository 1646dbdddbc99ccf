/** A course's seats, at most 100 by number: one Swarm service each, made at 0 replicas. */
import type { Construct } from 'constructs'
import { inOrder, type SeatsContent } from './content.ts'
import { DockerStack } from './parts/labplan-stack.ts'
import { seatService } from './parts/seat-service.ts'

export class SeatsStack extends DockerStack {
  constructor(content: SeatsContent, scope?: Construct) {
    super(content.key, scope)
    const { seats } = inOrder(content)
    if (seats.length === 0) return
    this.variable('run', 'string', 'Id of the run, for what it makes')
    this.variable('secrets', 'map(string)', 'Ids of Swarm secrets by seat number')
    if (seats.some((seat) => seat.template.network !== 'none'))
      this.variable('networks', 'map(string)', 'Ids of Swarm networks by name')
    for (const seat of seats) seatService(this, content, seat)
  }
}
