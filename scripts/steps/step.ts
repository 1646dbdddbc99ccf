/**
 * A step makes sure of one thing and can be run again at any point: it looks first, does what is missing,
 * and says what it did; nothing when there was nothing to do.
 */
export type Say = (progress: string) => void
export type Step = { name: string; ensure(say: Say): Promise<string | undefined> }

/** Something a person can put right. The message is for them: what could not be done, and what to do next. */
export class CannotGoOn extends Error {}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>

const NAME_WIDTH = 22

/** Runs the steps in order; prints each that had something to do, with the time it took. */
export async function runSteps(steps: Step[], out: Output = process.stdout): Promise<number> {
  let worked = 0
  for (const step of steps) {
    const started = performance.now()
    const done = await ensured(step, out)
    if (done === undefined) continue
    worked += 1
    out.write(`${line(step.name, seconds(performance.now() - started), done)}\n`)
  }
  return worked
}

async function ensured(step: Step, out: Output): Promise<string | undefined> {
  // On a terminal the step's line is written over; in a log each progress is a line of its own.
  const [clear, end] = out.isTTY ? ['\r\x1b[2K', ''] : ['', '\n']
  const say: Say = (progress) => out.write(`${clear}${line(step.name, '', progress)}${end}`)
  if (out.isTTY) say('…')
  try {
    return await step.ensure(say)
  } catch (error) {
    if (error instanceof CannotGoOn) throw new CannotGoOn(`${step.name}: ${error.message}`)
    throw new Error(`${step.name} failed`, { cause: error })
  } finally {
    out.write(clear)
  }
}

function line(name: string, time: string, what: string): string {
  return `  ${name.padEnd(NAME_WIDTH)} ${time.padStart(8)}  ${what}`
}

export function seconds(milliseconds: number): string {
  return milliseconds < 60_000
    ? `${(milliseconds / 1000).toFixed(1)} s`
    : `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`
}
