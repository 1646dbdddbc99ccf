/** Whether an NFS server answers: its procedure 0, which does nothing and which nobody is refused (RFC 5531, RFC 7530 §14.1). */
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'

export const NFS_PORT = 2049
const ANSWER_MS = 4_000
const NFS = 100_003
const [VERSION_OF_RPC, VERSION_OF_NFS, DOES_NOTHING] = [2, 4, 0]
const LAST_FRAGMENT = 0x80000000
/** Mark, id and kind. */
const HEAD_BYTES = 12

export function nfsAnswers(host: string, port = NFS_PORT): Promise<boolean> {
  const id = randomInt(2 ** 31)
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS }, () => socket.write(callOf(id)))
    const end = (is: boolean) => {
      clearTimeout(limit)
      socket.destroy()
      resolve(is)
    }
    const limit = setTimeout(() => end(false), ANSWER_MS)
    let heard = Buffer.alloc(0)
    socket.on('data', (part: Buffer) => {
      heard = Buffer.concat([heard, part])
      // A reply (1) to this very call.
      if (heard.length >= HEAD_BYTES)
        end(heard.readUInt32BE(4) === id && heard.readUInt32BE(8) === 1)
    })
    socket.on('timeout', () => end(false))
    socket.on('error', () => end(false))
    socket.on('close', () => end(false))
  })
}

/** With no credentials and no verifier, each of kind 0 and length 0. */
function callOf(id: number): Buffer {
  const words = [id, 0, VERSION_OF_RPC, NFS, VERSION_OF_NFS, DOES_NOTHING, 0, 0, 0, 0]
  const call = Buffer.alloc(4 + words.length * 4)
  call.writeUInt32BE((LAST_FRAGMENT | (words.length * 4)) >>> 0, 0)
  for (const [i, word] of words.entries()) call.writeUInt32BE(word, 4 + i * 4)
  return call
}
