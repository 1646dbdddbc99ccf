import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Roster = {
  course: string
  follows: boolean
  students: number
  dormant: number
  readAt: string | null
}

export const command: Command = {
  summary: 'List how many students come to each course',
  usage: '',
  help: `
As the lists of its LMS courses say it, and who came. DORMANT are those who left:
they keep their seat and files and count in nothing. Nobody is named here.`,
  async run({ api, json, print }) {
    const { rosters } = await api.get<{ rosters: Roster[] }>('/api/rosters')
    if (json) return void print(JSON.stringify({ rosters }))
    if (rosters.length === 0) return void print('No course is opened from an LMS yet.')
    print(table(['COURSE', 'STUDENTS', 'DORMANT', 'FOLLOWED', 'LISTS READ'], rosters.map(lineOf)))
  },
}

const lineOf = ({ course, students, dormant, follows, readAt }: Roster): (string | number)[] => [
  ...[course, students, dormant, follows ? 'yes' : 'no'],
  readAt ? readAt.slice(0, 16).replace('T', ' ') : 'never',
]
