/** PostgreSQL: the one of DATABASE_URL, else an embedded server with its data in LABPLAN_HOME. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { initialisePostgres, postgresCommand } from './postgres-server.ts'
import { type Settings, writePrivate } from './settings.ts'
import { SYSTEM_PATH } from './shell.ts'
import { CannotGoOn, type Step } from './step.ts'
import { ensureProcess } from './supervised.ts'

const passwordFile = (home: string): string => join(home, 'postgres-password')

export function postgresStep(settings: Settings): Step {
  const { home, choices, ports } = settings
  const dataFolder = join(home, 'postgres')
  return {
    name: 'PostgreSQL',
    async ensure(say) {
      if (choices.DATABASE_URL) return await mustAnswer(choices.DATABASE_URL)
      const password = ensurePassword(home)
      const fresh = !existsSync(join(dataFolder, 'PG_VERSION'))
      if (fresh) say('making its data folder')
      initialisePostgres(dataFolder, password)
      const server = postgresCommand({ dataFolder, port: ports.postgres, endsWithParent: false })
      const started = await ensureProcess(
        home,
        {
          name: 'postgres',
          argv: server,
          env: { PATH: SYSTEM_PATH },
          version: '1',
          stop: { signal: 'SIGINT', withinMs: 30_000 },
        },
        async () => (await whyNotConnected(adminUrl(settings))) === undefined,
      )
      const created = await createDatabase(settings)
      return [started, created].filter(Boolean).join(', ') || undefined
    },
  }
}

async function mustAnswer(url: string): Promise<undefined> {
  const why = await whyNotConnected(url)
  if (why)
    throw new CannotGoOn(
      `DATABASE_URL does not answer (${why}): start that server, or unset it to use the embedded one.`,
    )
  return undefined
}

async function whyNotConnected(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3000 })
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message || error.name : String(error)
  } finally {
    await client.end().catch(() => {})
  }
}

function ensurePassword(home: string): string {
  const file = passwordFile(home)
  if (!existsSync(file)) writePrivate(file, randomBytes(24).toString('base64url'))
  return readFileSync(file, 'utf8')
}

async function createDatabase(settings: Settings): Promise<string | undefined> {
  const client = new Client({ connectionString: adminUrl(settings) })
  await client.connect()
  try {
    const found = await client.query(`select from pg_database where datname = 'labplan'`)
    if (found.rowCount) return undefined
    await client.query('create database labplan')
    return 'database made'
  } finally {
    await client.end()
  }
}

/** Address of Labplan's database. */
export function databaseUrl(settings: Settings): string {
  return settings.choices.DATABASE_URL ?? embeddedUrl(settings, 'labplan')
}

function adminUrl(settings: Settings): string {
  return embeddedUrl(settings, 'postgres')
}

function embeddedUrl({ home, ports }: Settings, database: string): string {
  const password = existsSync(passwordFile(home)) ? readFileSync(passwordFile(home), 'utf8') : ''
  return `postgres://labplan:${password}@127.0.0.1:${ports.postgres}/${database}`
}
