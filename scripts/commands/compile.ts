import { digest } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import { spent } from '../../stacks/rules/diff.ts'
import { courseName, sentence } from '../../stacks/rules/explain.ts'
import { machinesAt } from '../../stacks/rules/machine-stacks.ts'
import type { WantedMachines } from '../../stacks/rules/machine-stacks.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import type { Wanted } from '../../stacks/rules/wanted.ts'
import type { Call, Command } from '../command.ts'
import {
  compileInput,
  instant,
  languageOf,
  namingOf,
  planHelp,
  planOptions,
  readPlanFiles,
} from '../plan-files.ts'
import { table } from '../table.ts'

export const command: Command = {
  summary: 'Compile course files here: does it fit, what it needs, what should exist',
  usage: 'FILE... [--at TIME] [--explain]',
  help: `
Nothing is sent or changed. Answers 1 when something does not fit.

--at TIME          also say what should exist at that instant
--explain          all notes, not only errors and warnings${planHelp}`,
  options: { at: { type: 'string' }, explain: { type: 'boolean' }, ...planOptions },
  run,
}

async function run(call: Call): Promise<number> {
  const { options, json, print } = call
  const input = compileInput(readPlanFiles(call.args), call)
  const { blueprint, notes } = compile(input)
  const language = languageOf(call)
  const naming = namingOf(input)
  const said = notes.map((note) => ({ ...note, text: sentence(note, language, naming) }))
  const at = typeof options['at'] === 'string' ? instant(options['at']) : undefined
  const wanted = at === undefined ? undefined : wantedAt(blueprint, at)
  const machines = at === undefined ? [] : machinesAt(blueprint, at)
  if (json) {
    print(
      JSON.stringify({
        digest: digest(blueprint),
        blueprint,
        notes: said,
        ...(wanted ? { wanted, machines } : {}),
      }),
    )
    return exitCode(notes)
  }
  const shown = said.filter((note) => options['explain'] === true || note.severity !== 'info')
  for (const note of shown) {
    const course =
      note.where.course === undefined ? '' : `${courseName(note.where.course, language, naming)}: `
    print(`${note.severity}: ${course}${note.text}`)
  }
  if (shown.length > 0) print('')
  const courses = blueprint.courses.map((course) => [
    course.key,
    course.sessions.length,
    course.seats,
    course.pool,
  ])
  print(table(['course', 'sessions', 'seats', 'pool'], courses))
  print('')
  const pools = input.pools.map((pool) => {
    const { nodeHours, price, peak } = spent(pool, blueprint)
    return [pool.key, pool.nodes.length, peak, nodeHours, `${price} ${pool.currency}`]
  })
  print(table(['pool', 'own machines', 'bought at most', 'node-hours', 'price'], pools))
  if (wanted && at) printWanted(call, wanted, machines, at)
  print('')
  print(`blueprint ${digest(blueprint)}`)
  return exitCode(notes)
}

function printWanted(
  { print }: Call,
  wanted: Wanted,
  machines: WantedMachines[],
  at: string,
): void {
  print('')
  const rows = [
    ...machines.map(({ key, nodes, until }) => [key, '-', nodes.length, until ?? '-']),
    ...wanted.stacks.map(({ key, seats, until }) => [key, seats.length, '-', until ?? '-']),
  ]
  print(
    rows.length === 0
      ? `Nothing should exist at ${at}.`
      : table([`stack at ${at}`, 'seats', 'nodes', 'until'], rows),
  )
  for (const { session, seats } of wanted.warm) print(`${session}: ${seats.length} seats run`)
}

function exitCode(notes: { severity: string }[]): number {
  return notes.some((note) => note.severity === 'error') ? 1 : 0
}
