/**
 * PostgreSQL: one pool, readable SQL, transactions that are lent and taken back.
 */
import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import pg from 'pg'

/** Whatever can run a query: the pool, or a transaction's client. */
export type Db = Pick<pg.PoolClient, 'query'>
export type Pool = pg.Pool
export type Query = { text: string; values: unknown[] }

// bigint arrives as text by default; ours (counts, serials) stay far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

/** `sql\`select … ${value}\`` → text with $1…; a nested sql`` is spliced in with its own values. */
export function sql(strings: TemplateStringsArray, ...inserts: unknown[]): Query {
  if (!inserts.some(isQuery)) return { text: plainText(strings), values: inserts }
  const query: Query = { text: strings[0] ?? '', values: [] }
  inserts.forEach((insert, i) => {
    query.text += isQuery(insert) ? spliced(query, insert) : `$${query.values.push(insert)}`
    query.text += strings[i + 1]
  })
  return query
}

const plainTexts = new WeakMap<TemplateStringsArray, string>()

/** Of a text with nothing spliced in, which is the same each time, and then the same string: its name is found at once. */
function plainText(strings: TemplateStringsArray): string {
  const known = plainTexts.get(strings)
  if (known !== undefined) return known
  const text = strings.map((part, i) => (i === 0 ? part : `$${i}${part}`)).join('')
  plainTexts.set(strings, text)
  return text
}

function isQuery(value: unknown): value is Query {
  return typeof value === 'object' && value !== null && 'text' in value && 'values' in value
}

function spliced(into: Query, part: Query): string {
  const before = into.values.length
  into.values.push(...part.values)
  return part.text.replaceAll(/\$(\d+)/g, (_, n: string) => `$${Number(n) + before}`)
}

const names = new Map<string, string>()

/**
 * Named, so that each connection parses and plans a statement once: a launch runs thirty, and this took a third off
 * what PostgreSQL spends on them. Texts come from sql`` in our source, so there is a bounded number of them.
 */
function prepared({ text, values }: Query): Query & { name: string } {
  const known = names.get(text)
  const name = known ?? createHash('sha256').update(text).digest('base64url')
  if (!known) names.set(text, name)
  return { name, text, values }
}

export async function many<Row extends object>(db: Db, query: Query): Promise<Row[]> {
  return (await db.query<Row>(prepared(query))).rows
}

export async function findOne<Row extends object>(db: Db, query: Query): Promise<Row | undefined> {
  return (await many<Row>(db, query))[0]
}

/** The only row; throws when there is none, which is then a bug of ours. */
export async function one<Row extends object>(db: Db, query: Query): Promise<Row> {
  const row = await findOne<Row>(db, query)
  if (!row) throw new Error(`Expected a row from: ${query.text.trim().slice(0, 120)}`)
  return row
}

/** Runs a statement for its effect; answers how many rows it touched. */
export async function execute(db: Db, query: Query): Promise<number> {
  return (await db.query(prepared(query))).rowCount ?? 0
}

/**
 * What the server does about a client it hears nothing of: its locks are others' to take. No transaction of ours waits for
 * anything but PostgreSQL.
 */
const SERVER_WAITS = [
  'idle_in_transaction_session_timeout=60000',
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=4',
]
  .map((setting) => ` -c ${setting}`)
  .join('')

/** Of a machine that is gone without a word the kernel hears within half a minute: here, and on the server. */
const KEPT_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/** How a connection beside the pool is made: whatever it holds or hears ends with its machine, not hours later. */
export const ownConnection = (databaseUrl: string, name: string) => ({
  ...{ connectionString: databaseUrl, application_name: name, connectionTimeoutMillis: 10_000 },
  ...{ ...KEPT_ALIVE, options: SERVER_WAITS.trim() },
})

/**
 * A pool whose connections know their installation (the default of every installation_id column).
 * `max` bounds the connections this process takes from the server, `answerMs` the wait for one and for its answers.
 * `keepsPlans`: each statement is planned once for any values, for who asks the same large questions every second.
 */
export function openPool(options: {
  databaseUrl: string
  installation: string
  max?: number
  answerMs?: number
  keepsPlans?: boolean
}): Pool {
  const { answerMs, installation } = options
  const plans = options.keepsPlans ? ' -c plan_cache_mode=force_generic_plan' : ''
  const pool = new pg.Pool({
    connectionString: options.databaseUrl,
    max: options.max ?? 10,
    // What was asked is sent at once, not when the answer before it is there: a transaction's begin costs no round trip.
    pipeline: true,
    ...(answerMs && { connectionTimeoutMillis: answerMs, query_timeout: answerMs }),
    ...KEPT_ALIVE,
    options: `-c labplan.installation=${installation}${SERVER_WAITS}${plans}`,
    application_name: 'labplan',
  })
  pool.on('connect', sendTogether)
  // An idle connection that the server cuts must not end the process: the next query opens another.
  pool.on('error', () => {})
  return pool
}

/**
 * What is asked of a connection in one breath leaves in one packet, not in one each: a transaction's begin goes with its first
 * statements, and PostgreSQL is woken once for all of them.
 */
function sendTogether(client: pg.PoolClient): void {
  const { stream } = (client as unknown as { connection: { stream: Duplex } }).connection
  const ask = client.query.bind(client) as (...words: unknown[]) => unknown
  let isHeld = false
  const askLater = (...words: unknown[]): unknown => {
    if (!isHeld) {
      isHeld = true
      stream.cork()
      process.nextTick(() => {
        isHeld = false
        stream.uncork()
      })
    }
    return ask(...words)
  }
  client.query = askLater as typeof client.query
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws. What does not need each other's
 * answers may be sent at once (Promise.all): it is done in that order. Single statements only: one that follows the answer of
 * another could be sent after the rollback that a third one caused.
 */
export async function withTransaction<T>(pool: Pool, work: (tx: Db) => Promise<T>): Promise<T> {
  return lend(pool, async (client, loss) => {
    const isBroken = (failure: Error) => void (loss.failure = failure)
    // Not waited for: where it fails, so does what follows it on the same connection.
    client.query('begin').catch(isBroken)
    try {
      const result = await work(client)
      if (loss.failure) throw loss.failure
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(isBroken)
      throw error
    }
  })
}

/**
 * Lends one connection and no transaction: what is asked of it in one breath (Promise.all) travels together, and each statement
 * stands for itself.
 */
export const inOneBreath = <T>(pool: Pool, work: (db: Db) => Promise<T>): Promise<T> =>
  lend(pool, work)

/** Whether the server, or the way to it, is gone or has no room: then nothing else that is asked now fares better. */
export function isServerLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof pg.DatabaseError) return /^(08|53|57P)/.test(error.code ?? '')
  const { code = '', syscall } = error as NodeJS.ErrnoException
  return (
    WAY_LOST.has(code) ||
    syscall === 'connect' ||
    /^(Connection terminated|Query read timeout|timeout exceeded)/.test(error.message)
  )
}

/** Of a socket; a file's, as of a full disk, are others. */
const WAY_LOST = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
])

type Loss = { failure?: Error }

/** A connection that breaks while it is lent is thrown away. */
async function lend<T>(
  pool: Pool,
  work: (client: pg.PoolClient, loss: Loss) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  const loss: Loss = {}
  // A connection lost while it is lent says so here as well, and would end the process if nobody heard it.
  const onLost = (failure: Error) => void (loss.failure = failure)
  client.on('error', onLost)
  try {
    return await work(client, loss)
  } finally {
    // One that is broken may have more to say.
    if (!loss.failure) client.off('error', onLost)
    client.release(loss.failure)
  }
}

/** Wakes listeners on `channel` when the caller's transaction commits. */
export async function notify(db: Db, channel: string, payload = ''): Promise<void> {
  await db.query('select pg_notify($1, $2)', [channel, payload])
}
