/** `labplan`: finds the command, runs it, and turns what happens into an exit code. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apiClient } from './api-client.ts'
import { type Command, CommandFailure, usedWrongly } from './command.ts'
import { CannotGoOn } from './steps/step.ts'

const folder = join(import.meta.dirname, 'commands')
const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const

export type Output = { print(line: string): void; complain(line: string): void }

/** Runs `labplan ARGV`; answers the exit code (see command.ts). */
export async function labplan(
  argv: string[],
  output: Output,
  env = process.env,
  now = () => new Date(),
): Promise<number> {
  try {
    return await dispatch(argv, output, { env, now })
  } catch (error) {
    if (error instanceof CannotGoOn) return complained(output, error.message, 1)
    if (error instanceof CommandFailure) return complained(output, error.message, error.code)
    throw error
  }
}

function complained(output: Output, message: string, code: number): number {
  output.complain(message)
  return code
}

async function dispatch(
  argv: string[],
  output: Output,
  place: { env: NodeJS.ProcessEnv; now: () => Date },
): Promise<number> {
  const words = argv.filter((word) => !word.startsWith('-'))
  if (words[0] === 'help' || words.length === 0) {
    const name = findName(words.slice(1))
    if (words.length > 1 && !name) throw unknownCommand(words.slice(1))
    output.print(name ? helpOf(name, await load(name)) : await overview())
    return words.length === 0 && argv.length > 0 && !isHelp(argv) ? 2 : 0
  }
  const name = findName(words)
  if (!name) throw unknownCommand(words)
  const command = await load(name)
  if (isHelp(argv)) {
    output.print(helpOf(name, command))
    return 0
  }
  const { values, positionals } = parse(name, command, argv)
  const json = values['json'] === true
  const args = positionals.slice(name.split(' ').length)
  const api = apiClient(place.env)
  const code = await command.run({ ...output, ...place, args, options: values, json, api })
  return code ?? 0
}

const isHelp = (argv: string[]) => argv.includes('--help') || argv.includes('-h')

function parse(name: string, command: Command, argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: { ...command.options, ...COMMON },
      allowPositionals: true,
      strict: true,
    })
  } catch (error) {
    const text = error instanceof Error ? error.message.split('. ')[0] : String(error)
    throw usedWrongly(`${text}.\n\n${usageOf(name, command)}`)
  }
}

/** `course import FILE` → `course import`: the longest start that names a command. */
function findName(words: string[]): string | undefined {
  const known = names()
  return [3, 2, 1]
    .map((count) => words.slice(0, count).join(' '))
    .find((name) => known.includes(name))
}

function names(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => nameOf(file.slice(0, -'.ts'.length)))
    .toSorted()
}

// The first dash of a file name parts the noun from the verb, but for the one noun that has a dash itself.
function nameOf(stem: string): string {
  return stem.startsWith('registration-link-')
    ? stem.replace('registration-link-', 'registration-link ')
    : stem.replace('-', ' ')
}

async function load(name: string): Promise<Command> {
  const file = `${name.replaceAll(' ', '-')}.ts`
  const module = (await import(join(folder, file))) as { command?: Command }
  if (!module.command) throw new Error(`scripts/commands/${file} exports no command.`)
  return module.command
}

function unknownCommand(words: string[]): CommandFailure {
  // `runs` is what who is used to other tools types first.
  const nouns = [words[0], words[0]?.replace(/s$/, '')]
  const noun = names().filter((name) => nouns.includes(name.split(' ')[0]))
  const hint = noun.length
    ? `There is: ${noun.map((name) => `labplan ${name}`).join(', ')}.`
    : 'See what there is: labplan help.'
  return usedWrongly(`labplan has no command "${words.slice(0, 2).join(' ')}". ${hint}`)
}

async function overview(): Promise<string> {
  const commands = await Promise.all(names().map(async (name) => ({ name, ...(await load(name)) })))
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  return [
    'labplan COMMAND: talks to the Labplan that runs on this machine.',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'labplan help COMMAND says more. Every command takes --json.',
    'Exit codes: 0 done, 1 refused or failed, 2 used wrongly, 3 Labplan does not answer.',
  ].join('\n')
}

const usageOf = (name: string, command: Command) =>
  `Usage: labplan ${[name, command.usage, '[--json]'].filter(Boolean).join(' ')}`

function helpOf(name: string, command: Command): string {
  const parts = [command.summary, usageOf(name, command), command.help?.trim()]
  return parts.filter(Boolean).join('\n\n')
}

if (import.meta.main) {
  process.exitCode = await labplan(process.argv.slice(2), {
    print: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
  })
}
