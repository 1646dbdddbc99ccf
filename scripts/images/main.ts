/** `scripts/image NAME`: builds an environment image and pushes it; the last line is its reference by digest. */
import { parseArgs } from 'node:util'
import { readSettings, root } from '../steps/settings.ts'
import { CannotGoOn, seconds } from '../steps/step.ts'
import { buildImage } from './build.ts'
import { terminal } from './terminal.ts'

const RECIPES = { terminal }

const USAGE = `Usage: scripts/image NAME [--registry HOST:PORT] [--docker-host URL] [--fresh]

Builds an environment image from Debian packages and pushes it to the registry. The last line of the output
is the image's reference by digest. What has not changed is not built or sent again.

  NAME                   ${Object.keys(RECIPES).join(', ')}
  --registry HOST:PORT   default: LABPLAN_REGISTRY, else the local one of scripts/up
  --docker-host URL      also pull it into this engine, so that a first seat need not wait for that
  --fresh                take today's Debian packages, though the list has not changed`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      registry: { type: 'string' },
      'docker-host': { type: 'string' },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return print(USAGE)
  const [name = ''] = positionals
  if (positionals.length !== 1 || !Object.hasOwn(RECIPES, name)) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const settings = readSettings()
  const reference = await buildImage(RECIPES[name as keyof typeof RECIPES], {
    root,
    cache: settings.cache,
    registry: values.registry ?? settings.registry,
    dockerHost: values['docker-host'],
    isFresh: values.fresh,
    say: sayWithTime(performance.now()),
  })
  return print(reference)
}

/** Progress goes to stderr: stdout holds the reference and nothing else. */
function sayWithTime(started: number): (text: string) => void {
  return (text) => {
    const time = seconds(performance.now() - started).padStart(8)
    process.stderr.write(`${time}  ${text}\n`)
  }
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CannotGoOn)) throw error
  process.stderr.write(`scripts/image: ${error.message}\n`)
  process.exitCode = 1
}
