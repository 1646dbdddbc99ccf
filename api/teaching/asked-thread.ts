/** A thread that answers questions, begun by the first and again by the next when it ended. */
import { Worker } from 'node:worker_threads'

export type Asked<Question> = { id: number; question: Question } | { note: unknown }
export type Answered<Answer> = { id: number; answer: Answer } | { id: number; error: Error }

export type AskedThread<Question, Answer> = {
  /** Throws what the thread threw. */
  ask(question: Question): Promise<Answer>
  /** Something it may want to know, with no answer. */
  tell(note: unknown): void
  close(): Promise<void>
}

type Running<Answer> = { worker: Worker; waiting: Map<number, PromiseWithResolvers<Answer>> }

/** One answer makes some 50 MB that nobody needs after it: so little is left to be looked at twice. */
const maxYoungGenerationSizeMb = 192

export function askedThread<Question, Answer>(
  program: URL,
  workerData: unknown,
): AskedThread<Question, Answer> {
  let thread: Running<Answer> | undefined
  let last = 0

  const begin = (): Running<Answer> => {
    const worker = new Worker(program, { workerData, resourceLimits: { maxYoungGenerationSizeMb } })
    const begun: Running<Answer> = { worker, waiting: new Map() }
    worker.on('message', (answer: Answered<Answer>) => {
      const one = begun.waiting.get(answer.id)
      begun.waiting.delete(answer.id)
      if ('error' in answer) one?.reject(answer.error)
      else one?.resolve(answer.answer)
    })
    const ended = (cause: unknown) => {
      if (thread === begun) thread = undefined
      for (const one of begun.waiting.values())
        one.reject(new Error('Its thread ended.', { cause }))
      begun.waiting.clear()
    }
    worker.on('error', ended)
    worker.on('exit', ended)
    return begun
  }
  return {
    ask(question) {
      thread ??= begin()
      const one = Promise.withResolvers<Answer>()
      const id = ++last
      thread.waiting.set(id, one)
      thread.worker.postMessage({ id, question } satisfies Asked<Question>)
      return one.promise
    },
    tell(note) {
      thread ??= begin()
      thread.worker.postMessage({ note } satisfies Asked<Question>)
    },
    async close() {
      await thread?.worker.terminate()
    },
  }
}
