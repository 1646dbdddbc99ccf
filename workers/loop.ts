/**
 * The worker's heartbeat: looks at once when somebody says there is work, and every second or two
 * anyway. A pass that is asked for while one runs is made after it, once.
 */

export type Loop = { wake(): void; stop(): Promise<void> }

export function startLoop(options: {
  everyMs: number
  pass: () => Promise<void>
  onError: (error: unknown) => void
}): Loop {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
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
    running = options
      .pass()
      .catch(options.onError)
      .finally(() => {
        running = undefined
        if (stopped) return
        if (again) go()
        else timer = setTimeout(go, options.everyMs)
      })
  }
  go()
  return {
    wake: go,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
