/**
 * Takes api, worker, PostgreSQL and the LMS away for ten minutes while two hundred terminals are open in twenty real
 * seats: none is cut, and who comes back with their pass is in their own seat.
 */
import { outage } from '../../test/chaos/outage.ts'
import { askedOf } from '../bench-parts/asked.ts'

const OWN_BAR = 0.99
const values = askedOf({
  json: { type: 'boolean' },
  minutes: { type: 'string', default: '10' },
  seats: { type: 'string', default: '20' },
  sockets: { type: 'string', default: '200' },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

try {
  const minutes = Number(values.minutes)
  const result = await outage({
    ...{ minutes, say },
    ...{ seats: Number(values.seats), sockets: Number(values.sockets) },
  })
  const share = (part: number, of: number) => Math.round((part / of) * 10_000) / 10_000
  const figure = Math.min(
    share(result.own, result.cameBack),
    share(result.ownAfterFresh, result.cameBackToFresh),
  )
  const holds = result.cut === 0 && figure >= OWN_BAR && result.replaced === 0
  const line = { name: 'outage', figure, unit: 'share', bar: OWN_BAR, holds, minutes, ...result }
  process.stdout.write(`${JSON.stringify(line)}\n`)
  process.exitCode = holds ? 0 : 1
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
