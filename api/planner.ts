/**
 * What an edit would mean, and what the term will take, asked of a thread of its own (plan-thread.ts): compiling a campus takes longer than a
 * launch may wait. The thread begins with the first question and remembers what is in force.
 */
import { Worker } from 'node:worker_threads'
import type { Config } from './config.ts'
import type { Preview } from './data/change-preview.ts'
import type { StoredDocument } from './data/course.ts'
import type { PoolForecast } from './data/forecast.ts'

export type Edit = { document: StoredDocument; now: Date }
export type Question = { edit: Edit } | { forecastAt: Date }

export type Planner = {
  /** Throws what the thread threw; a thread that ended is begun again by the next question. */
  preview(edit: Edit): Promise<Preview>
  forecast(now: Date): Promise<PoolForecast[]>
  /** Reads what is in force before anybody asks: the first question after a start is then like any other. */
  warm(now: Date): void
  close(): Promise<void>
}

/** What the thread is given, and what it answers. */
export type ThreadData = Pick<Config, 'databaseUrl' | 'installation'>
export type Asked = { id: number; question: Question } | { warm: Date }
export type Answer = { preview: Preview } | { forecasts: PoolForecast[] }
export type Answered = { id: number; answer: Answer } | { id: number; error: Error }

type Waiting = PromiseWithResolvers<Answer>

export function openPlanner({ databaseUrl, installation }: ThreadData): Planner {
  let thread: { worker: Worker; waiting: Map<number, Waiting> } | undefined
  let last = 0

  const begin = () => {
    const workerData: ThreadData = { databaseUrl, installation }
    const worker = new Worker(new URL('plan-thread.ts', import.meta.url), { workerData })
    const waiting = new Map<number, Waiting>()
    const begun = { worker, waiting }
    worker.on('message', (answer: Answered) => {
      const one = waiting.get(answer.id)
      waiting.delete(answer.id)
      if ('error' in answer) one?.reject(answer.error)
      else one?.resolve(answer.answer)
    })
    const ended = (cause: unknown) => {
      if (thread === begun) thread = undefined
      for (const one of waiting.values())
        one.reject(new Error('The planning thread ended.', { cause }))
      waiting.clear()
    }
    worker.on('error', ended)
    worker.on('exit', ended)
    return begun
  }

  const ask = (question: Question): Promise<Answer> => {
    thread ??= begin()
    const one = Promise.withResolvers<Answer>()
    const id = ++last
    thread.waiting.set(id, one)
    thread.worker.postMessage({ id, question } satisfies Asked)
    return one.promise
  }
  return {
    async preview(edit) {
      const answer = await ask({ edit })
      if ('preview' in answer) return answer.preview
      throw new Error('The planning thread answered another question.')
    },
    async forecast(now) {
      const answer = await ask({ forecastAt: now })
      if ('forecasts' in answer) return answer.forecasts
      throw new Error('The planning thread answered another question.')
    },
    warm(now) {
      thread ??= begin()
      thread.worker.postMessage({ warm: now } satisfies Asked)
    },
    async close() {
      await thread?.worker.terminate()
    },
  }
}
