/** What scripts/test runs: each runner is a command, a bound on its time, and how to count what it says. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { root } from './settings.ts'

export type Count = {
  passed: number
  failed: number
  /** A line each, where the runner says which. */
  failures?: string[]
  skipped: { name: string; reason: string }[]
}

export type Runner = {
  name: string
  argv: string[]
  cwd?: string
  env?: Record<string, string>
  minutes: number
  /**
   * light: uses one processor, and runs beside other light ones. waits: waits more than half of its time, so
   * those that fill go on beside it, one after the other. alone: uses the whole machine, or is timed.
   */
  load: 'light' | 'waits' | 'fills' | 'alone'
  count(status: number, output: string): Count
}

const binary = (name: string): string => join(root, 'node_modules', '.bin', name)

/** A tool that either finds nothing to complain about, or fails: it counts as one. */
function tool(name: string, argv: string[]): Runner {
  return {
    name,
    argv: [process.execPath, ...argv],
    minutes: 5,
    load: 'light',
    count: (status) => ({
      passed: status === 0 ? 1 : 0,
      failed: status === 0 ? 0 : 1,
      skipped: [],
    }),
  }
}

export const tools = {
  format: tool('format', [binary('oxfmt'), '--check']),
  lint: tool('lint', [binary('oxlint'), '--deny-warnings']),
  types: tool('types', [binary('tsc'), '--noEmit']),
  deadCode: tool('dead code', [binary('knip')]),
}

const summarySchema = z.object({
  passed: z.number(),
  failed: z.number(),
  failures: z.array(z.string()),
  skipped: z.array(z.object({ name: z.string(), reason: z.string() })),
})

/** One project of vitest.config.ts. */
export function vitest(project: string, minutes: number, load: Runner['load']): Runner {
  const summary = join(tmpdir(), `labplan-test-summary-${process.pid}-${project}.json`)
  const reporter = join(root, 'scripts', 'steps', 'test-reporter.ts')
  return {
    name: project,
    argv: [
      ...[process.execPath, binary('vitest'), 'run', '--project', project],
      ...['--reporter', 'default', '--reporter', reporter],
    ],
    env: { LABPLAN_TEST_SUMMARY: summary },
    minutes,
    load,
    count(status) {
      // No summary: it was killed, or fell over before it could write one.
      if (!existsSync(summary))
        return { passed: 0, failed: 1, failures: ['did not end'], skipped: [] }
      const counted = summarySchema.parse(JSON.parse(readFileSync(summary, 'utf8')))
      rmSync(summary)
      return status !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
    },
  }
}

/** The Go programs of the environment images. `folder` is relative to the checkout. */
export function goTests(go: string, folder: string): Runner {
  return {
    name: `go ${folder.split('/').at(-1)}`,
    argv: [go, 'test', '-json', './...'],
    cwd: join(root, folder),
    minutes: 10,
    load: 'light',
    count: countGo,
  }
}

const goEvent = z.object({
  Action: z.string(),
  Test: z.string().optional(),
  Output: z.string().optional(),
})

export function countGo(status: number, output: string): Count {
  const events = output.split('\n').flatMap(goEventOf)
  const ended = (action: string): string[] =>
    events.filter(({ Action, Test }) => Action === action && Test).map(({ Test }) => Test ?? '')
  const failures = ended('fail')
  return {
    passed: ended('pass').length,
    failed: status !== 0 && failures.length === 0 ? 1 : failures.length,
    failures,
    skipped: ended('skip').map((name) => ({ name, reason: reasonOf(events, name) })),
  }
}

type GoEvent = z.infer<typeof goEvent>

function goEventOf(line: string): GoEvent[] {
  if (!line.startsWith('{')) return []
  const parsed = goEvent.safeParse(JSON.parse(line))
  return parsed.success ? [parsed.data] : []
}

/** `t.Skip("why")` is printed as `    file.go:12: why`. */
function reasonOf(events: GoEvent[], name: string): string {
  const said = events.filter(({ Test, Output }) => Test === name && Output?.includes('.go:'))
  return (
    said
      .at(-1)
      ?.Output?.replace(/^\s*\S+\.go:\d+:\s*/, '')
      .trim() ?? 'no reason given'
  )
}
