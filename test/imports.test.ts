/**
 * The rules a compiler does not know: which folder may import which, who reads the environment and the
 * clock, and how long a file may grow before someone should look at it again.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const LONG_FILE_LINES = 300
const TOO_LONG_LINES = 500

// What each folder may import of ours. Everything else is refused.
const allowed: Record<string, (target: string) => boolean> = {
  stacks: (target) => target.startsWith('stacks/'),
  // Its version is told to others.
  api: (target) => /^(api|stacks)\/|^package\.json$/.test(target),
  workers: (target) =>
    /^(workers|stacks|api\/data)\/|^api\/(config|log|notice-text|reach|storage\/storage-agent)\.ts$/.test(
      target,
    ),
  scripts: () => true,
  test: () => true,
}

type Source = { path: string; text: string }

const sources: Source[] = globSync('{stacks,api,workers,scripts,test}/**/*.ts', { cwd: root })
  .toSorted()
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

it('reads a tree that is really there', () => {
  expect(sources.map((source) => source.path)).toContain('api/config.ts')
})

it('imports go one way', () => {
  expect(sources.flatMap(importsAgainstTheRule)).toEqual([])
})

it('names the rule it enforces', () => {
  const text = `import { x } from '../workers/main.ts'\nawait import('../api/server.ts')`
  expect(importsAgainstTheRule({ path: 'stacks/compile.ts', text })).toEqual([
    'stacks/compile.ts imports workers/main.ts',
    'stacks/compile.ts imports api/server.ts',
  ])
})

it('only api/config.ts reads the environment of api and workers', () => {
  const readers = inFolders('api', 'workers').filter((source) => /process\.env/.test(code(source)))
  expect(paths(readers)).toEqual(['api/config.ts'])
})

it('takes the time as a parameter in SQL', () => {
  const clocks = /\b(now\(\)|current_timestamp|clock_timestamp\(\)|statement_timestamp\(\))/i
  const migrations = globSync('api/data/migrations/*.sql', { cwd: root }).map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8').replaceAll(/--.*$/gm, ''),
  }))
  const sql = inFolders('api', 'workers').flatMap((source) =>
    sqlTexts(source.text).map((text) => ({ path: source.path, text })),
  )
  expect(migrations.length).toBeGreaterThan(0)
  expect(sql.length).toBeGreaterThan(0)
  expect(paths([...migrations, ...sql].filter(({ text }) => clocks.test(text)))).toEqual([])
})

it('keeps SQL in api/data', () => {
  const elsewhere = inFolders('api', 'workers').filter(
    (source) => !source.path.startsWith('api/data/') && sqlTexts(source.text).length > 0,
  )
  expect(paths(elsewhere)).toEqual([])
})

it('keeps clock, chance, disk and network out of stacks', () => {
  const impure =
    /Date\.now\(|new Date\(\)|Math\.random|Temporal\.Now|node:(fs|net|http|https|child_process)|random(UUID|Bytes|Int)/
  const offenders = inFolders('stacks')
    .filter((source) => source.path !== 'stacks/main.ts')
    .filter((source) => impure.test(code(source)))
  expect(paths(offenders)).toEqual([])
})

it('lets no file grow past 500 lines, and names those past 300', () => {
  const lengths = sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONG_FILE_LINES)
  for (const { path, lines } of lengths) console.info(`${lines} lines: ${path}`)
  expect(lengths.filter(({ lines }) => lines > TOO_LONG_LINES)).toEqual([])
})

function importsAgainstTheRule({ path, text }: Source): string[] {
  const folder = path.split('/')[0] ?? ''
  const permits = allowed[folder] ?? (() => true)
  return [...text.matchAll(/(?:from|import|import\()\s*'(\.{1,2}\/[^']+)'/g)]
    .map(([, specifier]) => relative(root, join(root, dirname(path), specifier ?? '')))
    .filter((target) => !permits(target))
    .map((target) => `${path} imports ${target}`)
}

function inFolders(...folders: string[]): Source[] {
  return sources.filter(({ path }) => folders.includes(path.split('/')[0] ?? ''))
}

/** The text without comments, so that a comment may name what the code may not use. */
function code({ text }: Source): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
}

/** What stands in sql`…` and in query(`…`). */
function sqlTexts(text: string): string[] {
  return [...text.matchAll(/(?:\bsql|\.query(?:<[^(]*>)?\(\s*)(?:`([^`]*)`|'([^']*)')/g)].map(
    ([, template, quoted]) => template ?? quoted ?? '',
  )
}

function paths(of: { path: string }[]): string[] {
  return [...new Set(of.map(({ path }) => path))]
}
