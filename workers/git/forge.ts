/**
 * A forge as values: what is asked of GitLab, Forgejo, Gitea or GitHub, and what its answers say. Nothing here asks;
 * forge-call.ts does.
 */
import { z } from 'zod'
import type { CommitStatus } from '../../api/data/changes/forge.ts'

/** `path` comes after the address of the project's API. */
export type Ask = { method: 'GET' | 'POST' | 'PUT' | 'PATCH'; path: string; json?: unknown }

/** A request to merge a branch of this repository, in the words of all forges. */
export type MergeRequest = {
  number: number
  state: 'open' | 'merged' | 'closed'
  branch: string
  /** What its branch is at. */
  commit: string
  /** Its page. */
  address: string
}

export type Words = { title: string; body: string }

export type Forge = {
  /** Address of the project's API, without a slash at its end. */
  api: string
  /** How many a page of open requests has. */
  pageSize: number
  /** Open requests to merge into main, `page` from 1. */
  listOpen(page: number): Ask
  find(number: number): Ask
  open(request: Words & { branch: string }): Ask
  amend(number: number, words: Words): Ask
  comment(number: number, text: string): Ask
  close(number: number): Ask
  setStatus(status: CommitStatus): Ask
  /** Undefined: of another repository, whose branches may be called as ours. */
  read(answer: unknown): MergeRequest | undefined
  /** Whether a refused status is as it should be already. */
  isAlreadySo(status: number, answer: string): boolean
}

/** The name of the status, and of who sets it. */
export const STATUS = 'labplan'

/** The list's elements; one that cannot be read is an error of ours, to be seen. */
export const listOf = (answer: unknown): unknown[] => z.array(z.unknown()).parse(answer)
