/**
 * Takes the storage of volumes away for ten minutes while a class is prepared, in class, and at its end: no seat is made anew,
 * ended or begun meanwhile, no line that was written is lost, and all goes on by itself. `--backend` is cephfs or nfs.
 */
import { AWAY_BACKENDS, storageAway } from '../../test/chaos/storage-away.ts'
import { askedOf } from '../bench-parts/asked.ts'

/** Seconds from its return on until the last seat runs, writes or is gone. */
const BAR_SECONDS = 90
const values = askedOf({
  json: { type: 'boolean' },
  backend: { type: 'string', default: 'cephfs' },
  minutes: { type: 'string', default: '10' },
  seats: { type: 'string', default: '4' },
})
// What it started ends with it (test/installation.ts, beds).
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(2))
const say = (text: string) => process.stderr.write(`${text}\n`)

try {
  const minutes = Number(values.minutes)
  const backend = AWAY_BACKENDS.find((one) => one === values.backend)
  if (!backend) throw new Error(`--backend is one of ${AWAY_BACKENDS.join(', ')}.`)
  const result = await storageAway({ backend, minutes, seats: Number(values.seats), say })
  const figure = Math.max(result.startedSeconds, result.wentOnSeconds, result.goneSeconds)
  const faults = result.touched + result.recreated + result.doubled + result.lost
  const holds = faults === 0 && result.outages > 0 && figure <= BAR_SECONDS
  const line = {
    ...{ name: 'storage-away', figure, unit: 's', bar: BAR_SECONDS, holds, backend, minutes },
    ...result,
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  process.exitCode = holds ? 0 : 1
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
