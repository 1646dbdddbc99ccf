/** What Terraform says while it works (`-json`, one object a line) → rows of run_event. */
import { z } from 'zod'
import type { RunEvent } from '../../api/data/runs/run.ts'

const hook = z.looseObject({
  resource: z.looseObject({ addr: z.string() }),
  action: z.string().optional(),
  id_key: z.string().optional(),
  id_value: z.string().optional(),
  elapsed_seconds: z.number().optional(),
})

/** The messages we read, of those in Terraform's "machine-readable UI" documentation. */
const message = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('apply_start'), '@timestamp': z.string(), hook }),
  z.looseObject({ type: z.literal('apply_complete'), '@timestamp': z.string(), hook }),
  z.looseObject({ type: z.literal('apply_errored'), '@timestamp': z.string(), hook }),
  z.looseObject({
    type: z.literal('diagnostic'),
    '@timestamp': z.string(),
    diagnostic: z.looseObject({
      severity: z.enum(['error', 'warning']),
      summary: z.string(),
      detail: z.string().default(''),
      address: z.string().optional(),
    }),
  }),
])

const MESSAGE_KEPT = 2000

/** The event of one line, or undefined for what nobody asks about later. */
export function readEvent(line: string): RunEvent | undefined {
  const parsed = message.safeParse(parseLine(line))
  if (!parsed.success) return undefined
  const said = parsed.data
  const at = new Date(said['@timestamp'])
  if (said.type === 'diagnostic') {
    const { summary, detail, address, severity } = said.diagnostic
    const text = [severity, [summary, detail].filter(Boolean).join(': ')].join(': ')
    return {
      at,
      kind: 'diagnostic',
      message: text.slice(0, MESSAGE_KEPT),
      ...(address && { address }),
    }
  }
  const { resource, action, id_value, elapsed_seconds } = said.hook
  return {
    at,
    kind: ({ apply_start: 'start', apply_complete: 'end', apply_errored: 'error' } as const)[
      said.type
    ],
    address: resource.addr,
    ...(action && { action }),
    ...(id_value && { objectId: id_value }),
    ...(elapsed_seconds !== undefined && { elapsedSeconds: elapsed_seconds }),
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The first error Terraform reported, as one sentence for people, with what it was about: not every one says so itself. */
export function firstError(events: RunEvent[]): string | undefined {
  const error = events.find(
    (event) => event.kind === 'diagnostic' && event.message?.startsWith('error: '),
  )
  if (!error?.message) return undefined
  const said = error.message.slice('error: '.length)
  return error.address && !said.includes(error.address) ? `${said} (${error.address})` : said
}
