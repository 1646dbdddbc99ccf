/** Work done once for all who wait for it: nobody is told before a run that began after they asked has ended. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { together } from '../../workers/together.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** What was asked for is taken by the next run that begins, and has become of it what became of that. */
function desk() {
  let waiting: number[] = []
  let open: { items: number[]; end(how: 'end' | 'fail'): void } | undefined
  const seen = { runs: 0, most: 0, atOnce: 0 }
  const became = new Map<number, string>()
  const ask = together(() => {
    seen.runs++
    seen.most = Math.max(seen.most, ++seen.atOnce)
    const items = waiting
    waiting = []
    return new Promise<void>((resolve, reject) => {
      const end = (how: 'end' | 'fail'): void => {
        open = undefined
        seen.atOnce--
        for (const item of items) became.set(item, how)
        if (how === 'end') resolve()
        else reject(new Error('no'))
      }
      open = { items, end }
    })
  })
  const want = (item: number): Promise<void> => {
    waiting.push(item)
    return ask()
  }
  return { seen, became, want, end: (how: 'end' | 'fail') => open?.end(how) }
}

it('has done what each who is told had asked for, and never runs twice at once', async () => {
  const step = fc.constantFrom('ask', 'end', 'fail', 'wait')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { seen, became, want, end } = desk()
      const told: string[] = []
      let asked = 0
      for (const one of steps) {
        if (one === 'wait') await settled()
        else if (one !== 'ask') end(one)
        else {
          const item = asked++
          const note = (how: string) => void told.push(`${how} ${became.get(item)}`)
          want(item).then(
            () => note('end'),
            () => note('fail'),
          )
        }
      }
      for (let i = 0; i < 3; i++) {
        await settled()
        end('end')
      }
      await settled()
      expect(seen.most).toBeLessThanOrEqual(1)
      expect(told).toHaveLength(asked)
      for (const one of told) expect(['end end', 'fail fail']).toContain(one)
    }),
  )
})

it('takes all who ask while it runs into one run more', async () => {
  const { seen, want, end } = desk()
  const all = [1, 2, 3, 4].map(want)
  for (let i = 0; i < 2; i++) {
    end('end')
    await settled()
  }
  await Promise.all(all)
  expect(seen.runs).toBe(2)
})
