import type { Command } from '../command.ts'
import { CommandFailure, usedWrongly } from '../command.ts'

type Text = { en: string }
type Preview = {
  administrator: boolean
  running: string[]
  volumes: { name: string; course: string; backend: string; bytes: number | null }[]
  submissions: {
    course: string
    number: number
    duty: Text | null
    duty_until: string | null
  }[]
  records: { logins: number; memberships: number; shares: number }
}

export const command: Command = {
  summary: 'Erase what is kept of a person: files, submissions, name and identity',
  usage: 'PSEUDONYM (--dry-run | --yes)',
  help: `
At once and for good. What runs is stopped first; volumes and submissions are removed
from disk by the worker within minutes, and its receipt says that they are gone. What a
course has a declared duty to keep (submissions: { duty: … }) stays until its date,
with its reason. The ledger beside the database sees to it that a backup that is
brought back forgets, too: labplan person erasures.

--dry-run  say what would go and what would stay, and change nothing
--yes      do it; prints the address of a page that says what became of it`,
  options: { 'dry-run': { type: 'boolean' }, yes: { type: 'boolean' } },
  async run({ api, args, json, options, print }) {
    const [pseudonym] = args
    const isDry = options['dry-run'] === true
    if (!pseudonym || args.length > 1) throw usedWrongly('The pseudonym of one person.')
    if (isDry === (options['yes'] === true))
      throw usedWrongly('Say --dry-run to see what would go, or --yes to erase it.')
    const path = `/api/people/${encodeURIComponent(pseudonym)}/erasure`
    if (!isDry) {
      const done = await api.post<{ erasure: string; url: string }>(path, {})
      if (json) return void print(JSON.stringify(done))
      print(`${pseudonym} is being erased.`)
      return void print(done.url)
    }
    const preview = await api.get<Preview>(path)
    if (json) print(JSON.stringify(preview))
    else for (const line of linesOf(preview)) print(line)
    if (preview.administrator)
      throw new CommandFailure('Who administers this installation is not erased.')
  },
}

function linesOf({ running, volumes, submissions, records }: Preview): string[] {
  const { logins, memberships, shares } = records
  return [
    ...running.map((course) => `stops    the workspace of ${course}`),
    ...volumes.map(
      ({ name, course }) =>
        `removes  volume ${name} ${course === '' ? '(personal)' : `of ${course}`}`,
    ),
    ...submissions.map(({ course, number, duty, duty_until: until }) =>
      duty
        ? `keeps    submission ${number} of ${course} until ${until?.slice(0, 10)}: ${duty.en}`
        : `removes  submission ${number} of ${course}`,
    ),
    `removes  name, address and LMS identity; ${logins} logins, ${memberships} memberships, ${shares} shares`,
  ]
}
