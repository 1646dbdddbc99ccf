/**
 * A cloud's keeper: starts it, says so on stdout, holds it until stdin ends or a signal comes, and ends it. Being a
 * process of its own in its own session, it outlives whoever asked for the cloud by the moment that takes.
 * Arguments: `by hand` to ignore stdin; `identity` for that service alone.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCloud } from './cloud.ts'
import { claimCloud, type CloudExtent, forgetCloud, sweepClouds } from './place.ts'
import { untilToldToStop } from '../told-to-stop.ts'
import { whyOf } from '../../../stacks/parts/thrown.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function keep(byHand: boolean, extent: CloudExtent): Promise<void> {
  const told = untilToldToStop(byHand)
  sweepClouds()
  const place = claimCloud()
  mkdirSync(join(place.folder, 'calls'))
  const stop = new AbortController()
  const started = startCloud(place, { byHand, extent, say, stop: stop.signal })
  try {
    const record = await Promise.race([started, told])
    if (record === undefined) return
    writeFileSync(join(place.folder, 'cloud.json'), JSON.stringify(record))
    process.stdout.write(`${JSON.stringify(record)}\n`)
    await told
  } finally {
    stop.abort()
    // What waits for an answer of a service that is gone is not waited for.
    await Promise.race([started.catch(() => {}), sleep(2000)])
    forgetCloud(place)
  }
}

// Whoever reads stdout may be gone; the cloud must still end.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
try {
  const [tie, extent] = process.argv.slice(2)
  await keep(tie === 'by hand', extent === 'identity' ? extent : 'whole')
  process.exit(0)
} catch (error) {
  say(whyOf(error))
  process.exit(1)
}
