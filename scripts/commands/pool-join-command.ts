import { type Command, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Print the line by which a Debian machine joins a pool, to be pasted on it',
  usage: 'POOL [--gpu KIND]',
  help: `
The line works once, for 30 minutes. It installs the engine unless the machine has
one, sets up the firewall of seats, and joins the Swarm. Its GPUs are counted by
their devices; --gpu says of which kind they are, as the pool's document names it.
labplan pool show POOL shows the machine as joined, then ready.`,
  options: { gpu: { type: 'string' } },
  async run({ api, args, options, json, print }) {
    const [pool] = args
    if (!pool) throw usedWrongly('Which pool? labplan pool join-command hall')
    const path = `/api/pools/${encodeURIComponent(pool)}/join-tickets`
    const line = await api.post<{ command: string; expiresAt: string; isInClear: boolean }>(path, {
      gpu: options['gpu'] ?? '',
    })
    if (json) return void print(JSON.stringify(line))
    print(line.command)
    print(`Valid once, until ${line.expiresAt.slice(0, 16).replace('T', ' ')} UTC.`)
    if (line.isInClear)
      print('Labplan has no TLS here: use the line only in a network that you trust.')
  },
}
