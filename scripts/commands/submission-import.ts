import { createReadStream, existsSync } from 'node:fs'
import { type StorageAgent, storageAgent } from '../../api/storage/storage-agent.ts'
import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'
import { readSettings } from '../steps/settings.ts'
import { socketOf } from '../steps/storage.ts'
import { type KeptSubmission, lookAt, memberOf, recordOf } from '../submission-record.ts'
import { type TarMember, tarMembers } from '../tar-file.ts'

type Outcome = 'back' | 'there' | 'differs' | 'lacking'

export const command: Command = {
  summary: 'Bring back what was handed in, from a file that labplan submission export wrote',
  usage: 'COURSE FILE',
  help: `
What is in the record of the course and not on disk, or not as it was handed in, comes
back, each only if it has the SHA-256 that it was handed in with. What is in FILE and
not in the record does not come back: somebody was erased, or it is of another course.
What is still missing is named: exit code 1.
Run it on the machine of the storage agent, as who runs it.`,
  async run({ api, args, complain, env, json, print }) {
    const [course, file] = args
    if (!course || !file || args.length > 2) throw usedWrongly('A course, and a file.')
    if (!existsSync(file)) throw usedWrongly(`There is no file ${file}.`)
    const members = await tarMembers(file).catch((cause: Error) => {
      throw new CommandFailure(
        `${file} is not what labplan submission export writes: ${cause.message}`,
      )
    })
    const places = new Map(members.map((member) => [member.name, member]))
    const agent = storageAgent({ socket: socketOf(readSettings(env)) })
    const outcomes: Record<Outcome, string[]> = { back: [], there: [], differs: [], lacking: [] }
    for (const one of await recordOf(api, course)) {
      const from = { file, member: places.get(memberOf(one)) }
      const outcome = await bringBack(agent, one, from).catch((cause: Error) => {
        throw new CommandFailure(
          `${one.id} could not be brought back: ${cause.message} ${outcomes.back.length} were before it.`,
        )
      })
      outcomes[outcome].push(one.id)
    }
    for (const id of outcomes.differs)
      complain(`${id} is not in ${file} as it was handed in: it was not brought back.`)
    for (const id of outcomes.lacking)
      complain(`${id} is neither on disk nor in ${file} as it was handed in.`)
    const { back, there } = outcomes
    print(
      json
        ? JSON.stringify(outcomes)
        : `${back.length} brought back, ${there.length} were there, ${outcomes.differs.length + outcomes.lacking.length} still missing.`,
    )
    return outcomes.differs.length + outcomes.lacking.length > 0 ? 1 : 0
  },
}

async function bringBack(
  agent: StorageAgent,
  one: KeptSubmission,
  { file, member }: { file: string; member: TarMember | undefined },
): Promise<Outcome> {
  if (!(await lookAt(agent, one))) return 'there'
  if (!member) return 'lacking'
  const { id, ...kept } = one
  if (member.size !== kept.bytes) return 'differs'
  const { start, size } = member
  return agent.takeBack(id, kept, createReadStream(file, { start, end: start + size - 1 }))
}
