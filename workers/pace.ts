/** How the worker waits: on the machine's clock, or on the virtual one of test/semester. */
export type Pace = {
  /** Milliseconds that only ever grow. */
  elapsedMs(): number
  sleep(ms: number): Promise<void>
}

export const realPace: Pace = {
  elapsedMs: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}
