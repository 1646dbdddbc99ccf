/** A seat has a limit, and one with which it can start; what is in force already stays readable. */
import { expect, it } from 'vitest'
import { readKnown, readSources } from '../../api/data/courses/documents.ts'
import { networksDocument } from '../cast/documents.ts'

it.each([
  ['cpu: 0.5', 'cpu: 0', 'seat.cpu: 0 is not allowed here | 0.01 or more'],
  ['memoryMb: 512', 'memoryMb: 0', 'seat.memoryMb: 0 is not allowed here | 16 or more'],
])('is not proposed with less than a container needs: %s', (right, wrong, error) => {
  const text = networksDocument().replace(right, wrong)
  const { errors } = readSources([{ name: 'n.yaml', text }])
  expect(errors.map(({ message, allowed }) => `${message} | ${allowed}`)).toEqual([error])
  const stored = { kind: 'Course', key: 'networks-101', text } as const
  expect(readKnown(stored).parsed.value).toMatchObject({ key: 'networks-101' })
})
