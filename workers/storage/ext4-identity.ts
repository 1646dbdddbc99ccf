/**
 * Gives a copy of an ext4 file system a UUID and a seed for its directories that are its own. Of a file system with 4 KiB blocks
 * and the feature metadata_csum_seed, whose other checksums do not depend on the UUID; nothing may be in it yet.
 * Layout: docs.kernel.org/filesystems/ext4/super.html.
 */
import { randomBytes } from 'node:crypto'
import { BLOCK } from './command.ts'
import type { Sparse } from './sparse-file.ts'

const SIZE = 1024
/** Of the first one; each copy begins its block. */
const FIRST = 1024
const [BLOCKS_LOW, BLOCKS_PER_GROUP, MAGIC, INCOMPATIBLE, BLOCKS_HIGH] = [
  0x4, 0x20, 0x38, 0x60, 0x150,
]
const [UUID, DIRECTORY_SEED, CHECKSUM] = [0x68, 0xec, 0x3fc]
const EXT4 = 0xef53
const CHECKSUM_SEED_FEATURE = 0x2000

export function withIdentity(original: Sparse): Sparse {
  const pieces = [...original.pieces]
  const [uuid, seed] = [randomUuid(), randomUuid()]
  const first = superblock(pieces, FIRST)
  if ((first.readUInt32LE(INCOMPATIBLE) & CHECKSUM_SEED_FEATURE) === 0)
    throw new Error('The checksums of this file system depend on its UUID.')
  const blocks = first.readUInt32LE(BLOCKS_HIGH) * 2 ** 32 + first.readUInt32LE(BLOCKS_LOW)
  const perGroup = first.readUInt32LE(BLOCKS_PER_GROUP)
  const copies = groupsWithCopies(Math.ceil(blocks / perGroup)).map(
    (group) => group * perGroup * BLOCK,
  )
  for (const at of [FIRST, ...copies]) {
    const block = at === FIRST ? first : superblock(pieces, at)
    uuid.copy(block, UUID)
    seed.copy(block, DIRECTORY_SEED)
    block.writeUInt32LE(crc32c(block.subarray(0, CHECKSUM)), CHECKSUM)
  }
  return { ...original, pieces }
}

function randomUuid(): Buffer {
  const bytes = randomBytes(16)
  // Version 4, RFC 9562.
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes
}

/** In a piece that is a copy from now on. */
function superblock(pieces: Sparse['pieces'], at: number): Buffer {
  const index = pieces.findLastIndex((piece) => piece.at <= at)
  const piece = pieces[index]
  const offset = at - (piece?.at ?? 0)
  if (
    !piece ||
    piece.data.length < offset + SIZE ||
    piece.data.readUInt16LE(offset + MAGIC) !== EXT4
  )
    throw new Error(`There is no superblock of ext4 at ${at}.`)
  const data = Buffer.from(piece.data)
  pieces[index] = { at: piece.at, data }
  return data.subarray(offset, offset + SIZE)
}

/** Group 1 and the powers of 3, 5 and 7 (sparse_super). */
function groupsWithCopies(groups: number): number[] {
  const found = groups > 1 ? [1] : []
  for (const base of [3, 5, 7])
    for (let group = base; group < groups; group *= base) found.push(group)
  return found.toSorted((a, b) => a - b)
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

/** Castagnoli's, as ext4 keeps it: begun with all ones, not turned round at its end. */
function crc32c(bytes: Buffer): number {
  let value = 0xffffffff
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return value >>> 0
}
