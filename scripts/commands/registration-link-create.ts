import { type Command } from '../command.ts'

export const command: Command = {
  summary: 'Print a one-time link with which an LMS registers itself',
  usage: '[NAME]',
  help: `
Paste the link where the LMS asks for a tool's URL (Moodle: Site administration,
Plugins, External tool, Manage tools). The platform then waits to be activated:
labplan platform list, labplan platform activate.`,
  async run({ api, print, json, args }) {
    const name = args.join(' ') || 'LMS'
    const link = await api.post<{ url: string; expiresAt: string }>('/api/registration-links', {
      name,
    })
    if (json) return void print(JSON.stringify(link))
    print(link.url)
    print(`Valid once, until ${link.expiresAt.slice(0, 16).replace('T', ' ')} UTC.`)
  },
}
