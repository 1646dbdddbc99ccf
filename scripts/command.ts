/**
 * What a command of `labplan` is. One file of scripts/commands is one command: `course-import.ts` is
 * `labplan course import`. The file exports `command`; nothing else needs to know of it.
 *
 * Exit codes: 0 done · 1 refused or failed, the reason is on stderr · 2 used wrongly · 3 Labplan does not answer.
 */
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Api } from './api-client.ts'

export type Command = {
  /** One line for `labplan help`. */
  summary: string
  /** After the command's name: `FILE... [--at TIME]`. */
  usage?: string
  /** What `labplan help NAME` says below the usage: plain text, at most 80 columns. */
  help?: string
  /** Besides --json and --help, which every command has. */
  options?: ParseArgsOptionsConfig
  /** Answers the exit code; undefined is 0. */
  run(call: Call): Promise<number | undefined>
}

export type Call = {
  args: string[]
  options: Record<string, string | boolean | (string | boolean)[] | undefined>
  /** Whether --json was given: then `print` is used once, with `json(...)`'s text. */
  json: boolean
  /** A line on stdout. */
  print(line: string): void
  /** A line on stderr. */
  complain(line: string): void
  /** The running Labplan, as the local operator. */
  api: Api
  /** The environment it was called with, for commands that need no running Labplan. */
  env: NodeJS.ProcessEnv
  /** The clock. */
  now(): Date
}

/** Ends a command with one sentence on stderr, and the exit code. */
export class CommandFailure extends Error {
  code: number
  constructor(message: string, code = 1) {
    super(message)
    this.code = code
  }
}

/** For a command that was called with the wrong words. */
export const usedWrongly = (message: string) => new CommandFailure(message, 2)
