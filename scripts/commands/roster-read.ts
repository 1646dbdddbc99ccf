import { type Command, usedWrongly } from '../command.ts'

type Lists = {
  course: string
  lists: { students: number; dormant: number; readAt: string | null; failure: string | null }[]
}

export const command: Command = {
  summary: 'Read the lists of a course’s LMS courses now',
  usage: 'COURSE',
  help: `
Exits with 1 when one of them could not be read.`,
  async run({ api, args, json, print }) {
    const [key] = args
    if (!key) throw usedWrongly('Which course? See labplan roster list.')
    const answer = await api.post<Lists>(`/api/rosters/${encodeURIComponent(key)}/reading`, {})
    print(
      json
        ? JSON.stringify(answer)
        : answer.lists.map(lineOf).join('\n') || 'No LMS course opens it.',
    )
    return answer.lists.some((one) => one.failure) ? 1 : 0
  },
}

const lineOf = ({ students, dormant, failure }: Lists['lists'][number]): string =>
  failure ? `Not read: ${failure}` : `${students} students, ${dormant} dormant.`
