/** The next sessions of a class on a bed of several nodes: on each node in turn, with everybody's files. */
import { many, sql } from '../../../api/data/db.ts'
import { type ClassPlan, type PracticeClass, seatsReady, until } from '../../practice-class.ts'
import { docker, type SeatsInside } from '../swarm/seats-inside.ts'

/**
 * Ends the session, then for each node of the bed plans one that runs there alone; answers of each, node by node and seat by seat,
 * where it ran and what `mine` said in its home.
 * @param plan of the course; the class that is on ends
 */
export async function nextSessions(
  practice: PracticeClass,
  seats: SeatsInside,
  { plan, startsMs }: { plan: ClassPlan; startsMs: number },
): Promise<{ host: string; mine: string }[]> {
  const { inst, bed } = practice
  const availability = (name: string, to: 'active' | 'pause') =>
    docker(bed.dockerHost, 'node', 'update', '--availability', to, name)
  const isOver = async () =>
    (await many(inst.pool, sql`select 1 from seat where state <> 'absent'`)).length === 0
  const numbers = Array.from({ length: plan.students }, (_, i) => i + 1)
  const seen: { host: string; mine: string }[] = []
  for (const [i, node] of bed.nodes.entries()) {
    await practice.replan({ ...plan, minutes: 5 })
    await until(isOver, startsMs, () => `the seats to go:\n${inst.log('worker').slice(-3000)}`)
    for (const { name } of bed.nodes) availability(name, name === node.name ? 'active' : 'pause')
    await practice.replan({ ...plan, startsInMinutes: i - 4 })
    await seatsReady(inst, plan.students, startsMs)
    for (const number of numbers)
      seen.push({ host: seats.place(number).host, mine: seats.inSeat(number, 'cat mine') })
  }
  for (const { name } of bed.nodes) availability(name, 'active')
  return seen
}
