/** The Swarm secrets of a stack's seats: made before Terraform names them, removed when no seat uses them any more. */
import { seatSecret } from '../../api/data/seats/seat-secret.ts'
import { type Seat, credentialOf, seatsOfCourse } from '../../api/data/seats/seat.ts'
import type { CourseStack } from '../../api/data/runs/stack-wish.ts'
import type { SeatContent } from '../../stacks/content.ts'
import { secretName } from '../../stacks/parts/names.ts'
import { sideBySide } from '../side-by-side.ts'
import { createSecret, listSecrets, removeSecret } from '../swarm/secret.ts'
import type { ApplyMeans } from './apply-means.ts'

/** Each is a write of the Swarm's own log: more at once only wait for each other. */
const AT_ONCE = 8

/** By seat number, the id of the secret of its generation; made when it is not there yet. */
export async function makeSecrets(
  means: ApplyMeans,
  stack: CourseStack,
  goal: SeatContent[],
): Promise<Record<number, string>> {
  const { installation } = means.place
  const known = await listSecrets(means.engine, installation)
  const nameOf = ({ number, generation }: SeatContent) =>
    secretName({ installation, course8: stack.course_code, number, generation })
  const missing = goal.filter((seat) => !known.has(nameOf(seat)))
  const rows = missing.length > 0 ? await seatsOfCourse(means.pool, stack.course_id) : []
  const seats = new Map(rows.map((seat) => [seat.number, seat]))
  await sideBySide(AT_ONCE, missing, async (wanted) => {
    const seat = seats.get(wanted.number)
    if (!seat)
      throw new Error(
        `Seat ${wanted.number} of ${stack.key} has no row: the blueprint is newer than the record.`,
      )
    const name = nameOf(wanted)
    const { generation } = wanted
    known.set(name, await makeSecret(means, stack, { ...seat, generation }, name))
  })
  return Object.fromEntries(goal.map((seat) => [seat.number, known.get(nameOf(seat)) ?? '']))
}

async function makeSecret(
  means: ApplyMeans,
  stack: CourseStack,
  seat: Seat,
  name: string,
): Promise<string> {
  const labels = {
    'labplan.installation': means.place.installation,
    'labplan.stack': stack.key,
    'labplan.seat': `${stack.course_code}/${String(seat.number).padStart(3, '0')}`,
  }
  const content = seatSecret(means.ring, seat, credentialOf(means.ring, seat))
  return createSecret(means.engine, { name, content, labels })
}

/** Removes the secrets of these seats that no generation of the goal uses. */
export async function dropSecrets(
  means: ApplyMeans,
  stack: CourseStack,
  { goal, seats }: { goal: SeatContent[]; seats: Pick<Seat, 'number' | 'generation'>[] },
): Promise<void> {
  const { installation } = means.place
  const name = (number: number, generation: number) =>
    secretName({ installation, course8: stack.course_code, number, generation })
  const kept = new Set(goal.map((seat) => name(seat.number, seat.generation)))
  const known = await listSecrets(means.engine, installation)
  const dropped = seats.flatMap(({ number, generation }) =>
    Array.from({ length: generation }, (_, i) => name(number, i + 1)).flatMap((one) => {
      const id = known.get(one)
      return id && !kept.has(one) ? [id] : []
    }),
  )
  await sideBySide(AT_ONCE, dropped, async (id) => void (await removeSecret(means.engine, id)))
}
