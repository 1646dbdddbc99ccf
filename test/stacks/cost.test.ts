/** What a course costs is its share of each machine, however it is counted. */
import { expect, it } from 'vitest'
import { compile } from '../../stacks/compile.ts'
import { costOf, courseCost, nodeSharing } from '../../stacks/rules/cost.ts'
import { campus } from '../campus/campus.ts'

const input = campus(11, { courses: 30, weeks: 4, sessionsPerWeek: 2, seats: 30 })
const { blueprint } = compile(input)

/** Every session against every other one, minute for minute. */
function slowly(key: string): { price: number; nodeHours: number } {
  const sessions = blueprint.courses.flatMap((course) => course.sessions)
  const instants = (one: (typeof sessions)[number]) => [
    Date.parse(one.leadStartsAt),
    Date.parse(one.graceEndsAt),
  ]
  const sum = { price: 0, nodeHours: 0 }
  for (const session of blueprint.courses.find((one) => one.key === key)?.sessions ?? []) {
    const [from = 0, until = 0] = instants(session)
    const pool = input.pools.find((one) => one.key === session.pool)
    for (const { node, seats } of session.placements) {
      const flavour = pool?.flavours.find((one) => one.key === node.replace(/-\d+$/, ''))
      if (!flavour) continue
      const there = sessions
        .filter((one) => {
          const [start = 0, end = 0] = instants(one)
          return one.pool === session.pool && start < until && from < end
        })
        .flatMap((one) => one.placements.filter((placement) => placement.node === node))
        .reduce((all, one) => all + one.seats, 0)
      const hours = (((until - from) / 3_600_000) * seats) / there
      sum.nodeHours += hours
      sum.price += hours * flavour.pricePerHour
    }
  }
  return sum
}

it('is what counting each session against each other gives, for one course and for all', () => {
  const all = nodeSharing(blueprint)
  let bought = 0
  for (const course of blueprint.courses) {
    const cost = courseCost(blueprint, input.pools, course.key)
    const expected = slowly(course.key)
    expect(cost?.price).toBeCloseTo(expected.price, 1)
    expect(cost?.nodeHours).toBeCloseTo(expected.nodeHours, 1)
    expect(costOf(course, input.pools, all)).toEqual(cost)
    bought += cost?.price ?? 0
  }
  expect(bought).toBeGreaterThan(0)
})
