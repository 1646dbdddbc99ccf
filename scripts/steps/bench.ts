/**
 * scripts/bench NAME: runs scripts/bench-jobs/NAME.ts in its own process and passes on its exit code: 0 the bar holds,
 * 1 it does not, 2 it could not be measured.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './settings.ts'

const folder = join(root, 'scripts', 'bench-jobs')

/** Every job, with the first sentence of its opening comment. */
export function listBenches(): { name: string; about: string }[] {
  const files = globSync('*.ts', { cwd: folder }).toSorted()
  return files.map((file) => ({ name: basename(file, '.ts'), about: aboutOf(file) }))
}

function aboutOf(file: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? ''
  const text = comment
    .replaceAll(/^\s*\*\s?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text
}

function usage(): string {
  const names = listBenches().map(({ name, about }) => `  ${name.padEnd(12)} ${about}`)
  return `scripts/bench NAME [--json]

Measures one promise about speed, and says whether its bar holds. With --json the last line of the output is one JSON object.
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
  const job = spawn(process.execPath, [join(folder, `${name}.ts`), ...rest], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => job.kill(signal))
  const [code] = (await once(job, 'exit')) as [number | null]
  return code ?? 2
}

process.exitCode = await main(process.argv.slice(2))
