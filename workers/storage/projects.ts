/** Numbers of projects, each given out once and never again, whatever ends this process or its machine. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { syncFolder } from './local-file.ts'

/** Projects below are left to others. */
const FIRST = 1000
/** So many are set aside at a time, since that has to be on disk first; what is left of them after a stop is never given out. */
const BLOCK = 100

export type Projects = {
  /** @param noted numbers that are in use */
  start(noted: number[]): Promise<void>
  next(): Promise<number>
}

const schema = z.object({ setAside: z.int() })

export function projectsIn(file: string): Projects {
  let last = FIRST
  let setAside = 0
  let turn: Promise<unknown> = Promise.resolve()
  const take = async (): Promise<number> => {
    if (last >= setAside) {
      await keep(file, last + BLOCK)
      setAside = last + BLOCK
    }
    return ++last
  }
  return {
    async start(noted) {
      const text = await readFile(file, 'utf8').catch(() => '')
      last = Math.max(FIRST, ...noted, text === '' ? 0 : schema.parse(JSON.parse(text)).setAside)
      setAside = last
    },
    next() {
      const taken = turn.then(take)
      turn = taken.catch(() => {})
      return taken
    },
  }
}

async function keep(file: string, setAside: number): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify({ setAside }), { mode: 0o600, flush: true })
  await rename(`${file}.new`, file)
  await syncFolder(dirname(file))
}
