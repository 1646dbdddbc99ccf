/**
 * Five students whom nobody expected, in a class of 30 that runs: from their first click until the last is in an
 * environment of their own, with nobody asked. Real Swarm, Terraform, LMS.
 */
import { comeLate, fullClass } from '../../test/late-students.ts'
import { scratchPostgres } from '../../test/scratch-postgres.ts'
import { askedOf } from '../bench-parts/asked.ts'

const BAR_S = 90
const values = askedOf({
  students: { type: 'string', default: '30' },
  late: { type: 'string', default: '5' },
  json: { type: 'boolean' },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

const postgres = await scratchPostgres()
try {
  process.exitCode = await bench(Number(values.students), Number(values.late))
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
} finally {
  await postgres.stop()
}

async function bench(students: number, late: number): Promise<number> {
  const practice = await fullClass(students, { databaseUrl: postgres.serverUrl, say })
  try {
    say(`${students} are at work; ${late} more come`)
    const { ms, changes } = await comeLate(practice, { students, late })
    const seconds = Math.round(ms / 100) / 10
    const asked = changes.filter((one) => one.lane !== 'automatic').length
    const holds = seconds <= BAR_S && asked === 0
    const line = { name: 'roster', figure: seconds, unit: 's', bar: BAR_S, holds, students, late }
    process.stdout.write(`${JSON.stringify({ ...line, changes: changes.length, asked })}\n`)
    return holds ? 0 : 1
  } finally {
    await practice.close()
  }
}
