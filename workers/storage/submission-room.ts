/** How much of the disk is left for what is handed in: so much stays free, since volumes are on the same one. */
import { statfs } from 'node:fs/promises'

export type Room = { freeBytes: number; leastBytes: number }
/** In MB; undefined: a twentieth of the disk, and no more than is a lot. */
export type LeastFree = number | undefined

const PART = 20
const A_LOT = 5 * 2 ** 30

/** Nothing more is written until somebody made room. */
export class NoRoom extends Error {}

export async function roomAt(folder: string, leastMb: LeastFree): Promise<Room> {
  const { bavail, blocks, bsize } = await statfs(folder)
  const usual = Math.min(A_LOT, Math.floor((blocks * bsize) / PART))
  return {
    freeBytes: bavail * bsize,
    leastBytes: leastMb === undefined ? usual : leastMb * 2 ** 20,
  }
}

export function checkRoom({ freeBytes, leastBytes }: Room): void {
  if (freeBytes <= leastBytes)
    throw new NoRoom(`${freeBytes} bytes are free, and ${leastBytes} have to stay so.`)
}
