import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, CommandFailure, usedWrongly } from '../command.ts'
import type { Notice } from './notice-list.ts'

const POLL_MS = 250
const DEFAULT_WAIT_SECONDS = 40

export const command: Command = {
  summary: 'Send a test notice to an address, and say what happened',
  usage: 'ADDRESS [--wait SECONDS]',
  help: `
ADDRESS is an e-mail address or the https address of a webhook. The notice goes
the way every notice goes: written in the record, sent by the worker. Mail that
the server took may still come back later: look into the mailbox.`,
  options: { wait: { type: 'string' } },
  async run({ api, print, json, args, options }) {
    const [address] = args
    if (!address) throw usedWrongly('To which address? labplan notice test ops@school.example')
    const waitSeconds = Number(options['wait'] ?? DEFAULT_WAIT_SECONDS)
    const { id } = await api.post<{ id: string }>('/api/notices/tests', { address })
    const end = performance.now() + waitSeconds * 1000
    for (;;) {
      const [tried] = (await api.get<Notice>(`/api/notices/${id}`)).deliveries
      if (tried && tried.attempts > 0 && tried.message !== null)
        return report({ print, json }, address, tried)
      if (performance.now() > end)
        throw new CommandFailure(
          `Nothing was sent to ${address} in ${waitSeconds} s: the worker that sends notices does not run, or is busy. See labplan status.`,
        )
      await sleep(POLL_MS)
    }
  },
}

function report(
  out: { print(line: string): void; json: boolean },
  address: string,
  tried: Notice['deliveries'][number],
): number {
  const { state, message, channel } = tried
  if (out.json) out.print(JSON.stringify({ address, channel, state, message }))
  if (state !== 'sent') {
    const more = state === 'waiting' ? ' It is tried again by itself.' : ''
    if (!out.json) throw new CommandFailure(`${address} was not reached: ${message}.${more}`)
    return 1
  }
  const took = channel === 'mail' ? 'the mail server took it' : 'the webhook took it'
  if (!out.json) out.print(`${address}: ${took} (${message}).`)
  return 0
}
