/** Ids: the order of rows that are made in one millisecond is the order in which they were made. */
import { expect, it } from 'vitest'
import { isUuid, newId } from '../../api/data/ids.ts'

it('makes ids that sort by when they were made, however fast they come', () => {
  const made = Array.from({ length: 5_000 }, newId)
  expect(made.every(isUuid)).toBe(true)
  expect(new Set(made).size).toBe(made.length)
  expect(made.toSorted()).toEqual(made)
})
