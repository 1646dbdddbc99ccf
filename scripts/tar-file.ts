/** A tar file of plain files, one after the other, as every `tar` reads it; written and read in streams. */
import { open } from 'node:fs/promises'

const BLOCK = 512
/** Eleven octal digits; beyond it the size is written in bytes, as GNU's is. */
const MOST_OCTAL = 8 ** 11

export type TarMember = { name: string; size: number; start: number }

/** What stands before a file's bytes. */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK)
  const put = (text: string, at: number) => header.write(text, at, 'latin1')
  put(name, 0)
  for (const [field, at] of [
    ['0000600\0', 100],
    ['0000000\0', 108],
    ['0000000\0', 116],
    ['00000000000\0', 136],
    ['        ', 148],
    ['0', 156],
    ['ustar\x0000', 257],
  ] as const)
    put(field, at)
  if (size < MOST_OCTAL) put(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(size), 128)
  }
  const sum = header.reduce((total, byte) => total + byte, 0)
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What stands after them, so that the next one begins at a block. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)

/** What stands at the end of all. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK)

/** Its files in their order, and where in it each begins. Throws when it is none, or was cut. */
export async function tarMembers(file: string): Promise<TarMember[]> {
  const handle = await open(file)
  try {
    const { size: end } = await handle.stat()
    const members: TarMember[] = []
    const header = Buffer.alloc(BLOCK)
    for (let at = 0; ;) {
      const { bytesRead } = await handle.read(header, 0, BLOCK, at)
      if (bytesRead < BLOCK) throw new Error('It breaks off.')
      if (header.every((byte) => byte === 0)) return members
      const member = memberIn(header, at + BLOCK)
      if (member.start + member.size > end) throw new Error('It breaks off.')
      members.push(member)
      at = member.start + member.size + tarPadding(member.size).length
    }
  } finally {
    await handle.close()
  }
}

function memberIn(header: Buffer, start: number): TarMember {
  if (header.toString('latin1', 257, 262) !== 'ustar') throw new Error('It is no tar file.')
  const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '')
  const size =
    header[124] === 0x80
      ? Number(header.readBigUInt64BE(128))
      : Number.parseInt(header.toString('latin1', 124, 136), 8)
  if (!Number.isSafeInteger(size)) throw new Error('It is no tar file.')
  return { name, size, start }
}
