/**
 * Takes the storage of volumes away for ten minutes while a class is prepared, in class, and at its end: no seat is made anew,
 * ended or begun meanwhile, no line that was written is lost, and all goes on by itself.
 */
import { parseArgs } from 'node:util'
import { storageAway } from '../../test/chaos/storage-away.ts'

/** Seconds from its return on until the last seat runs, writes or is gone. */
const BAR_SECONDS = 90
const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    minutes: { type: 'string', default: '10' },
    seats: { type: 'string', default: '4' },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

try {
  const minutes = Number(values.minutes)
  const result = await storageAway({ minutes, seats: Number(values.seats), say })
  const figure = Math.max(result.startedSeconds, result.wentOnSeconds, result.goneSeconds)
  const faults = result.touched + result.recreated + result.doubled + result.lost
  const holds = faults === 0 && result.outages > 0 && figure <= BAR_SECONDS
  const line = { name: 'storage-away', figure, unit: 's', bar: BAR_SECONDS, holds, minutes }
  process.stdout.write(`${JSON.stringify({ ...line, ...result })}\n`)
  process.exitCode = holds ? 0 : 1
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
