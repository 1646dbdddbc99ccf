/**
 * A semester in a minute: fifteen weeks of a campus of fifty courses in virtual time, seed by seed, with the real
 * compiler, reconciler, driver, launch queue and data layer. Every second seed has faults. What is virtual:
 * test/semester/README.md.
 */
import { approvedCampus } from '../../test/semester/approved.ts'
import { floorOf } from '../../test/semester/floor.ts'
import { semester, type Report } from '../../test/semester/semester.ts'
import { countTraffic } from '../../test/semester/traffic.ts'
import { freshDatabases } from '../bench-parts/fresh-databases.ts'
import { beginTally, endTally, TALLY_SETTINGS, tallyText } from '../bench-parts/statement-tally.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR_SECONDS = 60
const INSTALLATION = 'semester'
/** A pass of the worker lasts as long in life. */
const TOGETHER_MS = 250
const values = askedOf({
  seeds: { type: 'string', default: '1' },
  first: { type: 'string', default: '1' },
  courses: { type: 'string', default: '50' },
  weeks: { type: 'string', default: '15' },
  students: { type: 'string', default: '24' },
  json: { type: 'boolean' },
  // A seed replays its semester to the last row: one thing after the other, which takes longer.
  exact: { type: 'boolean' },
  // Says on stderr which statements PostgreSQL was asked, how often, and what they took.
  statements: { type: 'boolean' },
  // Only what launches cannot do without: no worker, no runs, no time that passes.
  floor: { type: 'boolean' },
})
const say = (text: string) => process.stderr.write(`${text}\n`)
const size = {
  courses: Number(values.courses),
  weeks: Number(values.weeks),
  students: Number(values.students),
}

try {
  process.exitCode = values.floor ? await benchFloor() : await bench()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}

async function bench(): Promise<number> {
  const databases = await freshDatabases(INSTALLATION, new Date('2026-09-01T00:00:00Z'), {
    ...(values.statements && TALLY_SETTINGS),
  })
  const reports: Report[] = []
  try {
    for (let i = 0; i < Number(values.seeds); i++) {
      const seed = Number(values.first) + i
      const report = await databases.with(async (pool) => {
        if (values.statements) await beginTally(pool)
        const made = await semester({
          ...{ pool, installation: INSTALLATION, seed, size, say },
          hasFaults: seed % 2 === 0,
          togetherMs: values.exact ? 0 : TOGETHER_MS,
        })
        if (values.statements) say(tallyText(await endTally(pool)))
        return made
      })
      reports.push(report)
      say(JSON.stringify(report, undefined, 1))
    }
  } finally {
    await databases.end()
  }
  const slowest = Math.max(...reports.map((report) => report.wallSeconds))
  const failed = reports.flatMap(({ seed, invariants }) =>
    invariants.filter((one) => !one.holds).map((one) => `seed ${seed}: ${one.name}`),
  )
  const holds = failed.length === 0 && slowest <= BAR_SECONDS
  const line = {
    name: 'semester',
    figure: slowest,
    unit: 's',
    bar: BAR_SECONDS,
    holds,
    failed,
    reports,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  return holds ? 0 : 1
}

/** What the launches of all classes cost in the record alone, one after the other class: no semester takes less. */
async function benchFloor(): Promise<number> {
  const databases = await freshDatabases(INSTALLATION, new Date('2026-09-01T00:00:00Z'), {
    ...(values.statements && TALLY_SETTINGS),
  })
  try {
    const floor = await databases.with(async (pool) => {
      const campus = await approvedCampus(pool, Number(values.first), size)
      say('The campus is approved: its classes come and go.')
      const traffic = countTraffic(pool, [])
      if (values.statements) await beginTally(pool)
      const made = await floorOf({ ...campus, pool, traffic }, size.students)
      if (values.statements) say(tallyText(await endTally(pool)))
      return made
    })
    const holds = floor.wallSeconds <= BAR_SECONDS
    const figure = Math.round(floor.wallSeconds * 100) / 100
    const line = { name: 'semester floor', figure, unit: 's', bar: BAR_SECONDS, holds, ...floor }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return holds ? 0 : 1
  } finally {
    await databases.end()
  }
}
