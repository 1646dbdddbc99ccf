/** What is mounted below a folder, and its end: removing files through a mount would remove what it shows. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Mount points below `folder`, in the order in which they were mounted; proc_pid_mounts(5). */
export function mountsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => (line.split(' ')[1] ?? '').replaceAll(/\\([0-7]{3})/g, characterOf))
    .filter((point) => point.startsWith(`${folder}/`))
}

/** Blanks and the like are three octal digits there. */
const characterOf = (_: string, octal: string): string =>
  String.fromCharCode(Number.parseInt(octal, 8))

/**
 * Unmounts all of it, one by one, the last first. One that cannot be unmounted keeps no other; it throws at the end when any is
 * there still, so that nobody removes files through it.
 */
export function unmountBelow(folder: string): void {
  const said = new Map<string, string>()
  for (const point of mountsBelow(folder).toReversed()) {
    try {
      execFileSync('umount', ['--lazy', point], { stdio: ['ignore', 'ignore', 'pipe'] })
    } catch (error) {
      // It may have gone meanwhile: with its client, with what it was shared with, or by another's hand.
      said.set(point, error instanceof Error ? error.message.trim() : String(error))
    }
  }
  const left = mountsBelow(folder)
  if (left.length === 0) return
  const why = left.map((point) => said.get(point) ?? point)
  throw new Error(`Still mounted below ${folder}: ${why.join('; ')}`)
}
