/** Seats of a class from within: on which node of its bed each runs, and what its student sees there. */
import { execFileSync } from 'node:child_process'
import type { PracticeClass } from '../../practice-class.ts'

/** Whoever reads where nothing is answered waits for ever, and nobody else is heard meanwhile. */
const DOCKER_MS = 90_000

/** What Docker printed, at this engine. */
export const docker = (host: string, ...args: string[]): string =>
  execFileSync('docker', ['-H', host, ...args], { stdio: 'pipe', timeout: DOCKER_MS })
    .toString()
    .trim()

export type SeatPlace = { host: string; container: string }

export type SeatsInside = {
  /** Where it runs. Throws when it runs nowhere. */
  place(number: number): SeatPlace
  /** As the student of this seat, in their home. */
  inSeat(number: number, script: string): string
  /** As the root that its first process is. */
  asRoot(number: number, script: string): string
  /** MiB of the home, by `df`. */
  sizeIn(number: number): number
}

/** Of a class with one course. @param practice that one, once there is one */
export function seatsInside(practice: () => PracticeClass): SeatsInside {
  const place = (number: number): SeatPlace => {
    const end = `/${String(number).padStart(3, '0')}`
    const format = ['--format', '{{.ID}} {{.Label "labplan.seat"}}']
    for (const { dockerHost: host } of practice().bed.nodes)
      for (const line of docker(host, 'ps', '--filter', 'label=labplan.seat', ...format).split(
        '\n',
      )) {
        const [container = '', seat = ''] = line.split(' ')
        if (seat.endsWith(end)) return { host, container }
      }
    throw new Error(`Seat ${number} runs nowhere.`)
  }
  const inSeat = (number: number, script: string): string => {
    const { host, container } = place(number)
    const [user = ''] = docker(host, 'exec', container, 'ls', '/home').split('\n')
    const home = `cd /home/${user} && { ${script}; }`
    return docker(host, 'exec', '--user', user, container, 'sh', '-c', home)
  }
  return {
    ...{ place, inSeat },
    asRoot(number, script) {
      const { host, container } = place(number)
      return docker(host, 'exec', container, 'sh', '-c', script)
    },
    sizeIn: (number) => Number(inSeat(number, 'df --output=size -B1M . | tail -1')),
  }
}
