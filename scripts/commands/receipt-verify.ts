import {
  type BrokenLink,
  CHAIN_START,
  type ChainEnd,
  type ReceiptLink,
  walkChain,
} from '../../api/data/sessions/receipt-chain.ts'
import type { Api } from '../api-client.ts'
import { type Command, CommandFailure, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Check that no receipt was changed or removed since it was written',
  usage: '[--seal NUMBER:HASH]',
  help: `
Walks the chain of receipts and names the first link that does not hold (exit
code 1). Who can write the database can write a whole new chain: keep the seal
this prints somewhere else, and give it with --seal the next time.`,
  options: { seal: { type: 'string' } },
  async run({ api, options, json, print }) {
    const noted = readSeal(options['seal'])
    const { end, broken, withoutReceipt } = await walk(api, noted)
    const why = broken
      ? sentences[broken.why](broken.number)
      : cutSentence(withoutReceipt, noted, end)
    if (json) print(JSON.stringify({ whole: why === undefined, ...end, broken, withoutReceipt }))
    if (why !== undefined) throw new CommandFailure(why)
    if (!json)
      print(
        end.hash === null
          ? 'No receipt yet.'
          : `${end.number} receipts, none changed or removed. Seal: ${end.number}:${end.hash}`,
      )
  },
}

function readSeal(text: unknown): ChainEnd | undefined {
  if (text === undefined) return undefined
  const [, number, hash] = /^(\d+):([0-9a-f]{64})$/.exec(String(text)) ?? []
  if (!number || !hash) throw usedWrongly('A seal is NUMBER:HASH, as this command prints it.')
  return { number: Number(number), hash }
}

type Chain = { links: ReceiptLink[]; isLast: boolean; withoutReceipt: string[] }
type Walk = { end: ChainEnd; broken?: BrokenLink; withoutReceipt: string[] }

async function walk(api: Api, noted: ChainEnd | undefined): Promise<Walk> {
  let end = CHAIN_START
  for (;;) {
    const page = await api.get<Chain>(`/api/receipts/chain?after=${end.number}`)
    const walked = walkChain(end, page.links)
    if ('broken' in walked) return { end, broken: walked.broken, withoutReceipt: [] }
    const sealed = page.links.find((link) => link.number === noted?.number)
    if (sealed && sealed.hash !== noted?.hash)
      return { end, broken: { number: sealed.number, why: 'text-changed' }, withoutReceipt: [] }
    end = walked.end
    if (page.isLast) return { end, withoutReceipt: page.withoutReceipt }
  }
}

const compare = 'Compare with a backup.'
const sentences: Record<BrokenLink['why'], (number: number) => string> = {
  missing: (number) => `Receipt ${number} is missing. ${compare}`,
  'text-changed': (number) => `Receipt ${number} was changed after it was written. ${compare}`,
  'not-after-previous': (number) =>
    `Receipt ${number} does not follow receipt ${number - 1} as it is now. ${compare}`,
  'not-readable': (number) => `Receipt ${number} is not a receipt. ${compare}`,
}

/** The chain holds as far as it goes: whether it goes as far as it should. */
function cutSentence(
  withoutReceipt: string[],
  noted: ChainEnd | undefined,
  end: ChainEnd,
): string | undefined {
  if (noted && noted.number > end.number)
    return `Receipts ${end.number + 1} to ${noted.number} are missing. ${compare}`
  if (withoutReceipt.length > 0)
    return `The receipt of ${withoutReceipt.join(', ')} was removed. ${compare}`
  return undefined
}
