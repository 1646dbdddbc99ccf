/**
 * What an edit would mean, asked of a thread of its own (plan-thread.ts): compiling a campus takes longer than a
 * launch may wait. The thread begins with the first question and remembers what is in force.
 */
import { Worker } from 'node:worker_threads'
import type { Config } from './config.ts'
import type { Preview } from './data/change-preview.ts'
import type { StoredDocument } from './data/course.ts'

export type Question = { document: StoredDocument; now: Date }

export type Planner = {
  /** Throws what the thread threw; a thread that ended is begun again by the next question. */
  preview(question: Question): Promise<Preview>
  /** Reads what is in force before anybody asks: the first question after a start is then like any other. */
  warm(now: Date): void
  close(): Promise<void>
}

/** What the thread is given, and what it answers. */
export type ThreadData = Pick<Config, 'databaseUrl' | 'installation'>
export type Asked = { id: number; question: Question } | { warm: Date }
export type Answered = { id: number; preview: Preview } | { id: number; error: Error }

type Waiting = PromiseWithResolvers<Preview>

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
      else one?.resolve(answer.preview)
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

  return {
    preview(question) {
      thread ??= begin()
      const one = Promise.withResolvers<Preview>()
      const id = ++last
      thread.waiting.set(id, one)
      thread.worker.postMessage({ id, question } satisfies Asked)
      return one.promise
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
