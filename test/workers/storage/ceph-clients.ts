/** Clients of Ceph that run on this machine. */
import { readdirSync, readFileSync } from 'node:fs'

/** Of its command line; none of a process that has ended meanwhile. */
function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** The process that keeps this folder mounted. */
export const clientsOf = (mount: string): number[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      const words = wordsOf(pid)
      return words[0] === 'ceph-fuse' && words.includes(mount)
    })
    .map(Number)

/** Unless it has ended. */
export function endGently(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // Gone meanwhile.
  }
}
