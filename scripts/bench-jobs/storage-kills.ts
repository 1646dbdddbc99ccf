/**
 * Kills the storage agent, the worker, a node or the storage itself at instants that seeds decide, while volumes are written to,
 * sized, reset, mounted, purged and made; then looks whether any is lost, doubled or mounted twice.
 *
 * `--backend` is local, nfs, cephfs or manila. `--resume FILE` keeps each outcome as a line there and goes on where it ended; `--minutes`
 * bounds one sitting; `--document FILE` writes what all of them led to between two marks of a text.
 */
import { BACKENDS, tableOf } from '../../test/storage-kills/harm.ts'
import { BAR_MS } from '../../test/storage-kills/life.ts'
import { runLives } from '../../test/storage-kills/runs.ts'
import { sit } from '../bench-parts/kept-runs.ts'
import { askedOf } from '../bench-parts/asked.ts'

const values = askedOf({
  json: { type: 'boolean' },
  backend: { type: 'string', default: 'local' },
  runs: { type: 'string', default: '7' },
  seed: { type: 'string', default: '1' },
  minutes: { type: 'string' },
  resume: { type: 'string' },
  document: { type: 'string' },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

async function bench(): Promise<number> {
  const backend = BACKENDS.find((one) => one === values.backend)
  if (!backend) throw new Error(`--backend is one of ${BACKENDS.join(', ')}.`)
  const seeds = Array.from({ length: Number(values.runs) }, (_, i) => Number(values.seed) + i)
  return sit({
    ...{ seeds, table: tableOf(backend), barMs: BAR_MS[backend], isAgain: false, say },
    ...{ resume: values.resume, document: values.document, minutes: values.minutes },
    run: (left, tell) => runLives({ backend, seeds: left, say, ...tell }),
  })
}

try {
  process.exitCode = await bench()
} catch (error) {
  say(`It could not be measured: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 2
}
