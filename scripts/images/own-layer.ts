import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { ensureGo } from '../steps/go.ts'
import { mustRun } from '../steps/shell.ts'
import type { Say } from '../steps/step.ts'
import { keptLayer, packFolder } from './layer.ts'
import type { Layer } from './layer.ts'
import type { Recipe } from './recipe.ts'

/** What Labplan adds to the packages: its programs, settings and pages. Kept until one of them changes. */
export async function ownLayer(
  root: string,
  cache: string,
  recipe: Recipe,
  architecture: string,
  say: Say,
): Promise<Layer> {
  const key = sourceDigest(root, recipe, architecture)
  return await keptLayer(join(cache, 'images', `own-${recipe.name}-${key}`), async (tar) => {
    const staged = join(dirname(tar), 'staged')
    for (const folder of recipe.folders) mkdirSync(join(staged, folder), { recursive: true })
    for (const path of recipe.emptyFiles) stageEmptyFile(join(staged, path))
    for (const file of recipe.files) stageFile(root, staged, file)
    const go = await ensureGo(cache, say)
    for (const program of recipe.programs) {
      say(`building ${program.module}`)
      await buildProgram(
        go,
        join(root, 'scripts/images', program.module),
        join(staged, program.to),
        architecture,
      )
    }
    await packFolder(staged, tar)
    rmSync(staged, { recursive: true })
  })
}

function sourceDigest(root: string, recipe: Recipe, architecture: string): string {
  const hash = createHash('sha256').update(JSON.stringify([recipe, architecture]))
  const sources = recipe.programs.flatMap(({ module }) =>
    globSync(`scripts/images/${module}/{*.go,go.mod,go.sum}`, { cwd: root }).toSorted(),
  )
  // The rules of packing are part of what is packed.
  const rules = ['scripts/images/own-layer.ts', 'scripts/images/layer.ts']
  for (const path of [...recipe.files.map((file) => file.from), ...sources, ...rules])
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)))
  return hash.digest('hex').slice(0, 20)
}

function stageEmptyFile(target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, '', { mode: 0o644 })
}

function stageFile(root: string, staged: string, file: Recipe['files'][number]): void {
  const target = join(staged, file.to)
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(join(root, file.from), target)
  chmodSync(target, file.mode ?? 0o644)
  if (file.squeezed) writeFileSync(`${target}.gz`, gzipSync(readFileSync(target), { level: 9 }))
}

async function buildProgram(go: string, module: string, output: string, architecture: string) {
  mkdirSync(dirname(output), { recursive: true })
  const flags = ['-trimpath', '-buildvcs=false', '-mod=readonly', '-ldflags=-s -w -buildid=']
  await mustRun([go, 'build', ...flags, '-o', output, '.'], `${module} could not be built`, {
    cwd: module,
    env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux', GOARCH: architecture, GOFLAGS: '' },
  })
  chmodSync(output, 0o755)
}
