/** What both keepers, of a bed and of a cloud, wait for. */
import { once } from 'node:events'

/** A signal, or the end of stdin: whoever asked is gone. `byHand`: stdin says nothing. */
export async function untilToldToStop(byHand: boolean): Promise<undefined> {
  const ownerIsGone = byHand ? [] : [once(process.stdin, 'close')]
  if (!byHand) process.stdin.resume()
  await Promise.race([
    ...ownerIsGone,
    once(process, 'SIGTERM'),
    once(process, 'SIGINT'),
    once(process, 'SIGHUP'),
  ])
  return undefined
}
