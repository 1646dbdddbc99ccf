/**
 * What is asked for many seats at the same moment, asked once: who comes while one statement is under way shares the next. A
 * class that comes up or goes is a few statements, however many seats it has; one alone waits for nobody.
 */

type Round<Item, Answer> = { items: Item[]; answer: Promise<Answer> }

/** `work` answers for all it was given. Where it fails, it fails for each of them. */
export function gathered<Item, Answer>(
  work: (items: Item[]) => Promise<Answer>,
): (item: Item) => Promise<Answer> {
  let current: Promise<unknown> = Promise.resolve()
  let next: Round<Item, Answer> | undefined

  const begin = (): Round<Item, Answer> => {
    const items: Item[] = []
    const answer = current.then(atOnce).then(() => {
      next = undefined
      return work(items)
    })
    current = answer.catch(() => {})
    return { items, answer }
  }
  return (item) => {
    next ??= begin()
    next.items.push(item)
    return next.answer
  }
}

/** Whatever else begins in this moment has begun. */
const atOnce = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
