import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Blueprint, canonicalText } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { renderStack } from '../../stacks/render.ts'
import { contentsAt } from '../../stacks/rules/contents.ts'
import { exportEstate } from '../../stacks/rules/estate.ts'
import {
  type RenderChoice,
  type StackFile,
  contentOfFile,
  stackFileSchema,
} from '../../stacks/rules/stack-file.ts'
import type { Call, Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import {
  compileInput,
  instant,
  planHelp,
  planOptions,
  readPlanFiles,
  readText,
} from '../plan-files.ts'
import { whyOf } from '../../stacks/parts/thrown.ts'

export const command: Command = {
  summary:
    'Print the full bytes of the blueprint or of a stack, or write and check what goes to Git',
  usage: 'FILE... [--out DIR | --check DIR | --stack KEY --at TIME | --seats NUMBERS]',
  help: `
Without options: the blueprint's canonical bytes, the ones that are approved.

--out DIR          write what goes to Git: schedule tables, seat templates, numbers
--check DIR        compare DIR with what these files give; answers 1 and says where
--stack KEY        the Terraform JSON of a stack that should exist at --at, as the worker runs it
                   (every seat in its first generation)
--at TIME          an instant, such as 2026-11-24T09:00:00Z
STACK.json         a stack's file of the estate: its Terraform JSON, as the worker runs it
--seats NUMBERS    of that file these numbers only, such as 1-12,15
--generation N:G   seat N was reset and is in its generation G; repeat it
--installation ID  whose names it has; LABPLAN_INSTALLATION, else example0
--registry ADDRESS where images are; LABPLAN_REGISTRY, else 127.0.0.1:7083${planHelp}`,
  options: {
    out: { type: 'string' },
    check: { type: 'string' },
    stack: { type: 'string' },
    at: { type: 'string' },
    seats: { type: 'string' },
    generation: { type: 'string', multiple: true },
    installation: { type: 'string' },
    registry: { type: 'string' },
    ...planOptions,
  },
  run,
}

async function run(call: Call): Promise<number> {
  const { out, check, stack, at } = call.options
  if ([out, check, stack].filter((one) => one !== undefined).length > 1)
    throw usedWrongly('One of --out, --check and --stack.')
  if ((stack === undefined) !== (at === undefined))
    throw usedWrongly('--stack and --at go together: a stack is what it is at an instant.')
  const [only] = call.args
  if (call.args.length === 1 && only?.endsWith('.json')) return printFile(call, only)
  const input = compileInput(readPlanFiles(call.args), call)
  const compiled = compile(input)
  if (typeof stack === 'string') return printStack(call, compiled.blueprint, stack)
  const estate = exportEstate({ compiled, pools: input.pools })
  if (typeof out === 'string') return write(call, out, estate)
  if (typeof check === 'string') return compare(call, check, estate)
  if (call.json) call.print(JSON.stringify({ blueprint: canonicalText(compiled.blueprint) }))
  else call.print(canonicalText(compiled.blueprint).trimEnd())
  return 0
}

/** One stack's file of the estate, and nothing else: no document, no database. */
function printFile(call: Call, path: string): number {
  const read = stackFileSchema.safeParse(parseJson(path))
  if (!read.success)
    throw new CommandFailure(
      `${path} is no stack of an estate: ${read.error.issues[0]?.message ?? ''}.`,
    )
  const { seats, generation } = call.options
  const generations = new Map((Array.isArray(generation) ? generation : []).map(generationOf))
  const choice = {
    ...{ ...placeOf(call), generations },
    ...(typeof seats === 'string' && { seats }),
  }
  const text = renderStack(contentChosen(read.data, choice))
  call.print(
    call.json ? JSON.stringify({ stack: read.data.stack, terraform: text }) : text.trimEnd(),
  )
  return 0
}

function contentChosen(file: StackFile, choice: RenderChoice) {
  try {
    return contentOfFile(file, choice)
  } catch (error) {
    throw new CommandFailure(whyOf(error))
  }
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readText(path)) as unknown
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(`${path} is not JSON.`)
  }
}

function generationOf(text: string | boolean): [number, number] {
  const [, number, generation] = /^(\d+):(\d+)$/.exec(String(text)) ?? []
  if (!number || !generation) throw usedWrongly('--generation is like 17:2.')
  return [Number(number), Number(generation)]
}

function placeOf({ options: { installation, registry } }: Call) {
  return {
    installation: String(installation ?? process.env.LABPLAN_INSTALLATION ?? 'example0'),
    registry: String(registry ?? process.env.LABPLAN_REGISTRY ?? '127.0.0.1:7083'),
    storageRoot: process.env.LABPLAN_STORAGE_ROOT ?? '/var/lib/labplan',
  }
}

function printStack(call: Call, blueprint: Blueprint, key: string): number {
  const contents = contentsAt(blueprint, instant(String(call.options['at'])), placeOf(call))
  const content = contents.find((one) => one.key === key)
  if (!content) {
    const there = contents.map((one) => one.key).join(', ') || 'none'
    throw new CommandFailure(
      `No stack ${key} should exist at ${String(call.options['at'])}. There are: ${there}.`,
    )
  }
  const text = renderStack(content)
  call.print(call.json ? JSON.stringify({ stack: key, terraform: text }) : text.trimEnd())
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
