/** Work on each of `all`, so many at once. What throws ends it, once what is under way has ended. */
export async function sideBySide<T>(
  atOnce: number,
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = [...all]
  const lane = async (): Promise<void> => {
    for (let one = rest.shift(); one !== undefined; one = rest.shift())
      await work(one).catch((error: unknown) => {
        rest.length = 0
        throw error
      })
  }
  const ends = await Promise.allSettled(Array.from({ length: atOnce }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
