/**
 * Asks the ports of a task until each has answered once. One that is slow is given longer at each try: a seat with a small share
 * of a processor does as much for a question that is given up as for one that is not, and might never come to answer.
 */
import type { Pace } from '../pace.ts'
import { settledWithin } from '../settled.ts'
import type { PortKind, portAnswers } from './probe.ts'

const FIRST_MS = 2_000
const MOST_MS = 16_000
/** Who waits for answers has other things to look at in between. */
const LOOK_MS = 2_000

export type AskedPort = { containerPort: number; kind: PortKind; published: number }

export type PortsAwaited = {
  /** Their numbers in the container. */
  answered: ReadonlySet<number>
  /** Asks those that have not answered and are not being asked, and waits for all, but not for long. */
  ask(address: string, ports: AskedPort[]): Promise<void>
}

export function awaitPorts(
  answers: typeof portAnswers,
  { elapsedMs }: Pick<Pace, 'elapsedMs'>,
): PortsAwaited {
  const answered = new Set<number>()
  const asked = new Map<number, Promise<void>>()
  const limits = new Map<number, number>()
  const askOne = async (address: string, port: AskedPort): Promise<void> => {
    const { containerPort, kind, published } = port
    const limitMs = limits.get(containerPort) ?? FIRST_MS
    const begunMs = elapsedMs()
    if (await answers(kind, address, published, limitMs)) answered.add(containerPort)
    // Not where it was refused at once: nothing listens there yet.
    else if (elapsedMs() - begunMs >= limitMs / 2)
      limits.set(containerPort, Math.min(limitMs * 2, MOST_MS))
    asked.delete(containerPort)
  }
  return {
    answered,
    async ask(address, ports) {
      for (const port of ports) {
        const { containerPort } = port
        if (!answered.has(containerPort) && !asked.has(containerPort))
          asked.set(containerPort, askOne(address, port))
      }
      await settledWithin(LOOK_MS, Promise.all(asked.values()))
    },
  }
}
