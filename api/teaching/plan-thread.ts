/** The threads behind planner.ts: one question after another, on a database connection of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Answered, Asked } from './asked-thread.ts'
import { compileAhead, previewDocument } from '../data/changes/change-preview.ts'
import { proposeChange, proposeOver } from '../data/changes/change.ts'
import { openPool } from '../data/db.ts'
import { forecastInForce } from '../data/pools/forecast.ts'
import { readKeyRing } from '../data/key-ring.ts'
import type { Answer, Question, ThreadData, Warm } from './planner.ts'

const given = workerData as ThreadData
const pool = openPool({ ...given, max: 1 })
let before: Promise<void> = Promise.resolve()

parentPort?.on('message', (asked: Asked<Question>) => {
  before = before.then(() => heard(asked))
})

async function heard(asked: Asked<Question>): Promise<void> {
  // Without a database yet, the first question says so.
  if ('note' in asked) await compileAhead(pool, (asked.note as Warm).at).catch(() => {})
  else parentPort?.postMessage(await answerTo(asked.id, asked.question))
}

async function answerTo(id: number, question: Question): Promise<Answered<Answer>> {
  try {
    return { id, answer: await answerOf(question) }
  } catch (error) {
    return { id, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

async function answerOf(question: Question): Promise<Answer> {
  if ('edit' in question) return { preview: await previewDocument(pool, question.edit) }
  if ('forecastAt' in question)
    return { forecasts: await forecastInForce(pool, question.forecastAt) }
  const ring = readKeyRing(given.keyFile)
  if ('editing' in question)
    return { saving: await proposeOver(pool, { ...question.editing, ring }) }
  return { outcome: await proposeChange(pool, { ...question.proposal, ring }) }
}
