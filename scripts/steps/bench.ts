/**
 * scripts/bench NAME: runs scripts/bench-jobs/NAME.ts in its own process and passes on its exit code: 0 the bar holds,
 * 1 it does not, 2 it could not be measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { openingOf } from '../bench-parts/asked.ts'
import { preparations } from './preparations.ts'
import { readSettings, root } from './settings.ts'
import { CannotGoOn, runSteps } from './step.ts'

const folder = join(root, 'scripts', 'bench-jobs')

/** What measures our own code alone, with nothing but the npm packages. */
const UNPREPARED = new Set(['compile', 'cost', 'semester', 'volumes'])

/** Every job, with the first sentence of its opening comment. */
export function listBenches(): { name: string; about: string }[] {
  const files = globSync('*.ts', { cwd: folder }).toSorted()
  return files.map((file) => ({ name: basename(file, '.ts'), about: aboutOf(file) }))
}

function aboutOf(file: string): string {
  const text = openingOf(join(folder, file)).replaceAll(/\s+/g, ' ')
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text
}

function usage(): string {
  const names = listBenches().map(({ name, about }) => `  ${name.padEnd(12)} ${about}`)
  return `scripts/bench NAME [--json]

Measures one promise about speed, and says whether its bar holds. With --json the last line of the output is one JSON object.
\`scripts/bench NAME --help\` says what else it can be asked. Installs what is missing first (Debian packages need root).
Exit code: 0 it holds, 1 it does not, 2 it could not be measured.

${names.join('\n') || '  (none yet)'}
`
}

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  if (!name || name === '--help' || name === '-h') {
    process.stdout.write(usage())
    return 0
  }
  if (!listBenches().some((bench) => bench.name === name)) {
    process.stderr.write(`There is no bench "${name}".\n\n${usage()}`)
    return 2
  }
  // Its only words on stdout are the bench's own.
  const isTold = rest.includes('--help')
  if (!UNPREPARED.has(name) && !isTold) await runSteps(preparations(readSettings()), process.stderr)
  const job = spawn(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => job.kill(signal))
  const [code] = (await once(job, 'exit')) as [number | null]
  return code ?? 2
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof CannotGoOn)) throw error
  process.stderr.write(`It could not be measured: ${error.message}\n`)
  process.exitCode = 2
}
