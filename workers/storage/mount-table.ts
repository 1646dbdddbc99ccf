/** What is mounted where, as the kernel says it. */
import { readFile } from 'node:fs/promises'

export type MountLine = {
  at: string
  /** `98:32`: of which file system. */
  device: string
  /** Which folder of that file system it shows. */
  root: string
}

/** `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw`, proc_pid_mountinfo(5). */
export async function mountTable(): Promise<MountLine[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  return text.split('\n').flatMap((line) => {
    const [, , device = '', root = '', at = ''] = line.split(' ')
    return at === '' ? [] : [{ device, root: unescaped(root), at: unescaped(at) }]
  })
}

/** Blanks and the like as three octal digits, there and in the tables of nfs-utils. */
export const unescaped = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
