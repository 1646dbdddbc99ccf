/** A file that is mostly holes, as what is written in it. */
import { type FileHandle, open, stat } from 'node:fs/promises'
import { BLOCK, CommandError, extentsCommand, run } from './command.ts'

export type Sparse = {
  bytes: number
  /** Whole blocks, in order of where they are. */
  pieces: { at: number; data: Buffer }[]
}

const PART = 256 * BLOCK
const ZEROS = Buffer.alloc(BLOCK)

/** Blocks of zeros count as holes. */
export async function readSparse(file: string): Promise<Sparse> {
  const { size: bytes } = await stat(file)
  const handle = await open(file)
  try {
    const pieces: Sparse['pieces'] = []
    for (const { from, to } of await extents(file, bytes))
      for (let at = from; at < to; at += PART)
        pieces.push(...(await written(handle, at, Math.min(PART, to - at))))
    return { bytes, pieces }
  } finally {
    await handle.close()
  }
}

/** Into a file that is new and empty. */
export async function writeSparse(handle: FileHandle, { bytes, pieces }: Sparse): Promise<void> {
  await handle.truncate(bytes)
  const all = pieces.map(async ({ at, data }) => {
    const { bytesWritten } = await handle.write(data, 0, data.length, at)
    // What fits of a last piece is taken without an error.
    if (bytesWritten < data.length) throw new Error('The disk is full.')
  })
  await Promise.all(all)
}

/** All of it where its file system does not say. */
async function extents(file: string, bytes: number): Promise<{ from: number; to: number }[]> {
  const said = await run(extentsCommand(file)).catch((error: unknown) => {
    if (error instanceof CommandError) return ''
    throw error
  })
  // `   0:        0..      39:   43487232..  43487271:     40:`
  const found = [...said.matchAll(/^ *\d+: +(\d+)\.\. *(\d+):/gm)].map(([, first, last]) => ({
    from: Number(first) * BLOCK,
    to: Math.min((Number(last) + 1) * BLOCK, bytes),
  }))
  return found.length > 0 ? found : [{ from: 0, to: bytes }]
}

/** Blocks that follow each other are one piece. */
async function written(
  handle: FileHandle,
  from: number,
  length: number,
): Promise<Sparse['pieces']> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, from)
  if (bytesRead < length) throw new Error(`Only ${bytesRead} of ${length} bytes could be read.`)
  const pieces: Sparse['pieces'] = []
  let began: number | undefined
  for (let at = 0; at <= length; at += BLOCK) {
    const block = buffer.subarray(at, Math.min(at + BLOCK, length))
    const isWritten = block.length > 0 && !block.equals(ZEROS.subarray(0, block.length))
    if (isWritten) began ??= at
    else if (began !== undefined) {
      // A copy: the whole buffer would stay for what is a little of it.
      const data = Buffer.from(buffer.subarray(began, Math.min(at, length)))
      pieces.push({ at: from + began, data })
      began = undefined
    }
  }
  return pieces
}
