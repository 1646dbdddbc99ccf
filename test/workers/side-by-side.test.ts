import { expect, it } from 'vitest'
import { sideBySide } from '../../workers/side-by-side.ts'

it('works on all, so many at once, and ends with what went wrong when the rest of it has ended', async () => {
  let open = 0
  let most = 0
  const done: number[] = []
  const work = async (one: number): Promise<void> => {
    most = Math.max(most, ++open)
    await Promise.resolve()
    open--
    if (one === 5) throw new Error('five')
    done.push(one)
  }
  await sideBySide(3, [1, 2, 3, 4], work)
  expect(most).toBe(3)
  expect(done).toEqual([1, 2, 3, 4])
  await expect(sideBySide(2, [4, 5, 6, 7, 8, 9], work)).rejects.toThrow('five')
  expect(open).toBe(0)
  expect(done).not.toContain(9)
})
