/**
 * What an edit would mean, what the term will take, and the change itself: asked of threads (plan-thread.ts), since
 * compiling a campus takes longer than a launch may wait. One remembers what is in force and answers looks; changes are
 * made in another, so that no look waits for one.
 */
import { askedThread } from './asked-thread.ts'
import type { Config } from '../config.ts'
import type { Preview } from '../data/changes/change-preview.ts'
import type { Outcome, Over, Proposal, Stale } from '../data/changes/change.ts'
import type { StoredDocument } from '../data/courses/course.ts'
import type { PoolForecast } from '../data/pools/forecast.ts'

export type Edit = { document: StoredDocument; now: Date }

export type Planner = {
  preview(edit: Edit): Promise<Preview>
  forecast(now: Date): Promise<PoolForecast[]>
  /** Reads what is in force before anybody asks: the first question after a start is then like any other. */
  warm(now: Date): void
  propose(proposal: Proposal): Promise<Outcome>
  /** Of documents as somebody read them. */
  proposeOver(proposal: Proposal & { over: Over }): Promise<Outcome | Stale>
  close(): Promise<void>
}

/** What a thread is given, asked and answers. */
export type ThreadData = Pick<Config, 'databaseUrl' | 'installation' | 'keyFile'>
export type Question =
  | { edit: Edit }
  | { forecastAt: Date }
  | { proposal: Proposal }
  | { editing: Proposal & { over: Over } }
export type Answer =
  | { preview: Preview }
  | { forecasts: PoolForecast[] }
  | { outcome: Outcome }
  | { saving: Outcome | Stale }
export type Warm = { at: Date }

export function openPlanner({ databaseUrl, installation, keyFile }: ThreadData): Planner {
  const begin = () =>
    askedThread<Question, Answer>(new URL('plan-thread.ts', import.meta.url), {
      ...{ databaseUrl, installation, keyFile },
    } satisfies ThreadData)
  const looks = begin()
  const changes = begin()
  return {
    async preview(edit) {
      const answer = await looks.ask({ edit })
      return 'preview' in answer ? answer.preview : another()
    },
    async forecast(now) {
      const answer = await looks.ask({ forecastAt: now })
      return 'forecasts' in answer ? answer.forecasts : another()
    },
    warm: (at) => looks.tell({ at } satisfies Warm),
    async propose(proposal) {
      const answer = await changes.ask({ proposal })
      return 'outcome' in answer ? answer.outcome : another()
    },
    async proposeOver(editing) {
      const answer = await changes.ask({ editing })
      return 'saving' in answer ? answer.saving : another()
    },
    close: async () => void (await Promise.all([looks.close(), changes.close()])),
  }
}

function another(): never {
  throw new Error('A planning thread answered another question.')
}
