import type { Command } from '../command.ts'
import { table } from '../table.ts'

export type Notice = {
  id: string
  code: string
  subject: string
  course: string | null
  sentAt: string
  isShown: boolean
  deliveries: {
    channel: string
    to: string
    state: 'waiting' | 'sent' | 'failed'
    attempts: number
    nextTryAt: string | null
    message: string | null
  }[]
}

export const command: Command = {
  summary: 'List what people were told, and whether it arrived',
  usage: '[--limit N]',
  help: `
Newest first, one line for each way. "page" is the course's page, which shows it
to its teachers. Teachers are pseudonyms. Times are UTC.`,
  options: { limit: { type: 'string' } },
  async run({ api, print, json, options }) {
    const answer = await api.get<{ notices: Notice[] }>('/api/notices')
    const notices = answer.notices.slice(0, Number(options['limit'] ?? 20))
    if (json) return void print(JSON.stringify({ notices }))
    if (notices.length === 0)
      return void print('Nobody was told anything yet. Try a channel: labplan notice test ADDRESS.')
    print(table(['SENT (UTC)', 'WHAT', 'BY', 'TO', 'STATE', 'ANSWER'], notices.flatMap(linesOf)))
  },
}

function linesOf(notice: Notice): string[][] {
  const head = [notice.sentAt.slice(0, 16).replace('T', ' '), notice.subject]
  const ways = [
    ...(notice.isShown ? [['page', notice.course ?? '', 'shown', '']] : []),
    ...notice.deliveries.map((one) => [one.channel, one.to, stateOf(one), one.message ?? '']),
  ]
  if (ways.length === 0) ways.push(['', '', 'nobody to tell', ''])
  return ways.map((way, i) => [...(i === 0 ? head : ['', '']), ...way])
}

function stateOf({ state, attempts, nextTryAt }: Notice['deliveries'][number]): string {
  if (state !== 'waiting' || attempts === 0 || !nextTryAt) return state
  return `try ${attempts + 1} at ${nextTryAt.slice(11, 16)}`
}
