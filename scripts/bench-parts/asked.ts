/** What a bench was asked for on the command line. */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Asked<Known extends Options> = ReturnType<typeof parseArgs<{ options: Known }>>['values']

/** The values of its options. With --help, or with a word it does not know, it says which it knows and ends the process. */
export function askedOf<const Known extends Options>(options: Known): Asked<Known> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usageOf(options))
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    process.stderr.write(`${error.message}\n\n${usageOf(options)}`)
    process.exit(2)
  }
}

function usageOf(options: Options): string {
  const file = process.argv[1] ?? ''
  const lines = Object.entries(options).map(([name, { type, default: usual }]) => {
    const value = type === 'string' ? ' VALUE' : ''
    return `  --${name}${value}${usual === undefined ? '' : ` (${String(usual)})`}`
  })
  return `scripts/bench ${basename(file, '.ts')}

${openingOf(file)}

${lines.join('\n')}
`
}

/** The comment that a program opens with, line by line as it stands there. */
export function openingOf(file: string): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
  return comment.replaceAll(/^\s*\*? ?/gm, '').trim()
}
