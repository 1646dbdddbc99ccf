/** Questions to a file system whose client keeps silent: who asks gets an answer in time, and no thread more is lost. */
import { expect, it } from 'vitest'
import { answerOf, SilentError } from '../../../workers/storage/client-answer.ts'

const SHORT_MS = 50
const PATIENT_MS = 20_000

it('hands on what is answered, and what went wrong', async () => {
  expect(await answerOf('/one', async () => 7, SHORT_MS)).toBe(7)
  const wrong = answerOf('/one', () => Promise.reject(new Error('no such file')), SHORT_MS)
  await expect(wrong).rejects.toThrow('no such file')
})

it('gives up a question that nobody answers, and asks nothing more there until it was answered', async () => {
  const first = Promise.withResolvers<number>()
  await expect(answerOf('/two', () => first.promise, SHORT_MS)).rejects.toThrow(SilentError)
  let asked = 0
  const ask = async () => ++asked
  await expect(answerOf('/two', ask, SHORT_MS)).rejects.toThrow('/two does not answer')
  expect(await answerOf('/three', ask, SHORT_MS)).toBe(1)
  // Who has more patience gets its answer as soon as there is one.
  const patient = answerOf('/two', ask, PATIENT_MS)
  expect(asked).toBe(1)
  first.resolve(0)
  expect(await patient).toBe(2)
  expect(await answerOf('/two', ask, SHORT_MS)).toBe(3)
})

it('counts an answer that is none: what waits ended with its client', async () => {
  const first = Promise.withResolvers<number>()
  await expect(answerOf('/four', () => first.promise, SHORT_MS)).rejects.toThrow(SilentError)
  first.reject(new Error('Transport endpoint is not connected'))
  expect(await answerOf('/four', async () => 'again', PATIENT_MS)).toBe('again')
})
