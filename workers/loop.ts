/**
 * The worker's heartbeat: looks at once when somebody says there is work, and every second or two
 * anyway. A pass that is asked for while one runs is made after it, once.
 */

export type Loop = { wake(): void; stop(): Promise<void> }

/**
 * `rest`: after a pass that was long there is a longer rest until one that is asked for, so many times as long, and `mostMs` at
 * most; all who ask in it cost one pass. None unless said.
 */
export function startLoop(options: {
  everyMs: number
  rest?: { times: number; mostMs: number }
  pass: () => Promise<void>
  onError: (error: unknown) => void
}): Loop {
  const { everyMs, rest = { times: 0, mostMs: 0 } } = options
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let restsUntil = -Infinity
  let again = false
  let stopped = false

  const go = (): void => {
    if (stopped) return
    clearTimeout(timer)
    if (running) {
      again = true
      return
    }
    again = false
    const begunAt = performance.now()
    running = options
      .pass()
      .catch(options.onError)
      .finally(() => {
        running = undefined
        const endedAt = performance.now()
        restsUntil = endedAt + Math.min((endedAt - begunAt) * rest.times, rest.mostMs)
        if (stopped) return
        if (again) wake()
        else timer = setTimeout(go, everyMs)
      })
  }
  const wake = (): void => {
    const restMsLeft = running ? 0 : restsUntil - performance.now()
    if (stopped || restMsLeft <= 0) return go()
    clearTimeout(timer)
    timer = setTimeout(go, restMsLeft)
  }
  go()
  return {
    wake,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
