import type { Command } from '../command.ts'

export const command: Command = {
  summary: 'Print a one-time link that makes an administrator',
  help: `
Open the link in a browser, or send it to the person it is for. It works once,
for 24 hours, and needs no LMS.`,
  async run({ api, print, json }) {
    const invite = await api.post<{ url: string; expiresAt: string }>('/api/invites', {})
    if (json) return void print(JSON.stringify(invite))
    print(invite.url)
    print(`Valid once, until ${invite.expiresAt.slice(0, 16).replace('T', ' ')} UTC.`)
  },
}
