import type { Command } from '../command.ts'
import { table } from '../table.ts'

type Course = {
  key: string
  title: { en: string; fr: string }
  state: string
  timeZone: string
  seats: number
  running: number
  nextSessionAt: string | null
}

export const command: Command = {
  summary: 'List the courses, with their seats and next session',
  async run({ api, print, json }) {
    const answer = await api.get<{ courses: Course[] }>('/api/courses')
    if (json) return void print(JSON.stringify(answer))
    if (answer.courses.length === 0)
      return void print('No course yet. Import one: labplan course import examples/*.yaml')
    const rows = answer.courses.map((course) => [
      course.key,
      course.title.en,
      course.state,
      course.nextSessionAt ? wallTime(course.nextSessionAt, course.timeZone) : '-',
      course.seats,
      course.running,
    ])
    print(table(['COURSE', 'TITLE', 'STATE', 'NEXT SESSION', 'SEATS', 'RUNNING'], rows))
  },
}

/** `2026-11-24 10:00` in the course's time zone. */
function wallTime(instant: string, timeZone: string): string {
  const format = { dateStyle: 'short', timeStyle: 'short', timeZone } as const
  return new Intl.DateTimeFormat('sv-SE', format).format(new Date(instant))
}
