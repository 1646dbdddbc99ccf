import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canonicalText } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { exportEstate } from '../../stacks/rules/estate.ts'
import type { Call, Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { compileInput, planHelp, planOptions, readPlanFiles, readText } from '../plan-files.ts'

export const command: Command = {
  summary: 'Print the full bytes of the blueprint, or write and check what goes to Git',
  usage: 'FILE... [--out DIR | --check DIR]',
  help: `
Without options: the blueprint's canonical bytes, the ones that are approved.

--out DIR          write what goes to Git: schedule tables, seat templates, numbers
--check DIR        compare DIR with what these files give; answers 1 and says where${planHelp}`,
  options: { out: { type: 'string' }, check: { type: 'string' }, ...planOptions },
  run,
}

async function run(call: Call): Promise<number> {
  const { out, check } = call.options
  if (out !== undefined && check !== undefined) throw usedWrongly('Either --out or --check.')
  const compiled = compile(compileInput(readPlanFiles(call.args), call))
  const estate = exportEstate(compiled)
  if (typeof out === 'string') return write(call, out, estate)
  if (typeof check === 'string') return compare(call, check, estate)
  if (call.json) call.print(JSON.stringify({ blueprint: canonicalText(compiled.blueprint) }))
  else call.print(canonicalText(compiled.blueprint).trimEnd())
  return 0
}

function write(call: Call, folder: string, estate: Map<string, string>): number {
  for (const [path, text] of estate) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  call.print(
    call.json ? JSON.stringify({ files: [...estate.keys()] }) : `${estate.size} files in ${folder}`,
  )
  return 0
}

function compare(call: Call, folder: string, estate: Map<string, string>): number {
  const differing = [...estate].flatMap(([path, text]) => {
    const line = firstDifference(readOrEmpty(join(folder, path)), text)
    return line === undefined ? [] : [{ path, ...line }]
  })
  if (call.json) call.print(JSON.stringify({ differing }))
  for (const one of call.json ? [] : differing) {
    call.complain(`${one.path}:${one.line}: "${one.has}", compiling gives "${one.gives}"`)
  }
  if (!call.json && differing.length === 0)
    call.print(`${estate.size} files are what these documents give`)
  return differing.length === 0 ? 0 : 1
}

function readOrEmpty(file: string): string {
  try {
    return readText(file)
  } catch (error) {
    if (error instanceof CommandFailure) return ''
    throw error
  }
}

function firstDifference(
  has: string,
  gives: string,
): { line: number; has: string; gives: string } | undefined {
  if (has === gives) return undefined
  const [old, now] = [has.split('\n'), gives.split('\n')]
  const line = now.findIndex((text, i) => text !== old[i])
  const at = line < 0 ? now.length : line
  return { line: at + 1, has: old[at] ?? '', gives: now[at] ?? '' }
}
