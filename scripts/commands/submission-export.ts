import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type StorageAgent, storageAgent } from '../../api/storage/storage-agent.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'
import { type KeptSubmission, lookAt, memberOf, recordOf } from '../submission-record.ts'
import { tarEnd, tarHeader, tarPadding } from '../tar-file.ts'

export const command: Command = {
  summary: 'Write what was handed in in a course to a tar file',
  usage: 'COURSE FILE',
  help: `
Each submission is an archive by its id, as it was handed in; whose it is only the
database knows. SHA256SUMS in it is for sha256sum --check. Run it on the machine of
the storage agent, as who runs it. FILE is whole or not there. What is in the record
and not on disk, or not as it was, is named, and the rest is written: exit code 1.`,
  async run({ api, args, complain, env, json, print }) {
    const [course, file] = args
    if (!course || !file || args.length > 2) throw usedWrongly('A course, and a file.')
    const record = await recordOf(api, course)
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const begun = `${file}.part`
    const found: Found = { whole: [], missing: [], damaged: [] }
    try {
      const to = createWriteStream(begun, { mode: 0o600, flush: true })
      await pipeline(tarOf(agent, record, found), to)
      await rename(begun, file)
    } catch (cause) {
      await rm(begun, { force: true })
      throw new CommandFailure(`What was handed in could not be read to its end: ${String(cause)}`)
    }
    for (const id of found.missing) complain(`${id} is in the record, and not on disk.`)
    for (const id of found.damaged) complain(`${id} is not as it was handed in, and left out.`)
    const [written, lacking] = [found.whole.length, found.missing.length + found.damaged.length]
    print(
      json
        ? JSON.stringify({ file, written, missing: found.missing, damaged: found.damaged })
        : `${file}: ${written} of ${record.length} submissions`,
    )
    return lacking > 0 ? 1 : 0
  },
}

type Found = { whole: KeptSubmission[]; missing: string[]; damaged: string[] }

async function* tarOf(agent: StorageAgent, record: KeptSubmission[], found: Found) {
  for (const one of record) {
    // Read once to be checked, since its length is written before it is.
    const why = await lookAt(agent, one)
    if (why) {
      found[why].push(one.id)
      continue
    }
    const archive = await agent.kept(one.id)
    if (!archive) throw new Error(`${one.id} went while it was read.`)
    yield tarHeader(memberOf(one), one.bytes)
    yield* archive.stream as AsyncIterable<Buffer>
    yield tarPadding(one.bytes)
    found.whole.push(one)
  }
  const sums = Buffer.from(found.whole.map((one) => `${one.sha256}  ${memberOf(one)}\n`).join(''))
  yield tarHeader('SHA256SUMS', sums.length)
  yield sums
  yield tarPadding(sums.length)
  yield tarEnd()
}
