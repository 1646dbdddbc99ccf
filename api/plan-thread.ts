/** The thread behind planner.ts: one question after another, on a database connection of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import { compileAhead, previewDocument } from './data/change-preview.ts'
import { openPool } from './data/db.ts'
import { forecastInForce } from './data/forecast.ts'
import type { Answer, Answered, Asked, Question, ThreadData } from './planner.ts'

const pool = openPool({ ...(workerData as ThreadData), max: 1 })
let before: Promise<void> = Promise.resolve()

parentPort?.on('message', (asked: Asked) => {
  before = before.then(() => heard(asked))
})

async function heard(asked: Asked): Promise<void> {
  // Without a database yet, the first question says so.
  if ('warm' in asked) await compileAhead(pool, asked.warm).catch(() => {})
  else parentPort?.postMessage(await answerTo(asked))
}

async function answerTo({ id, question }: { id: number; question: Question }): Promise<Answered> {
  try {
    return { id, answer: await answerOf(question) }
  } catch (error) {
    return { id, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

async function answerOf(question: Question): Promise<Answer> {
  return 'edit' in question
    ? { preview: await previewDocument(pool, question.edit) }
    : { forecasts: await forecastInForce(pool, question.forecastAt) }
}
