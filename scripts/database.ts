/** The record itself, for commands that must work while Labplan does not: PostgreSQL, with the installation's settings. */
import { type Pool, openPool } from '../api/data/db.ts'
import { CommandFailure } from './command.ts'
import { labplanVariables } from './steps/environment.ts'
import { readSettings } from './steps/settings.ts'
import { whyOf } from '../stacks/parts/thrown.ts'

const WAIT_MS = 5_000

/** Lends a pool; says what to do when PostgreSQL does not answer. */
export async function withDatabase<T>(
  env: NodeJS.ProcessEnv,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const variables = labplanVariables(readSettings(env))
  const { DATABASE_URL = '', LABPLAN_INSTALLATION = '' } = variables
  const options = { databaseUrl: DATABASE_URL, installation: LABPLAN_INSTALLATION }
  const pool = openPool({ ...options, max: 1, answerMs: WAIT_MS })
  try {
    await pool.query('select 1 from migration limit 1').catch((cause: unknown) => {
      const why = whyOf(cause)
      throw new CommandFailure(
        `The database does not answer (${why}). Start PostgreSQL, or set DATABASE_URL: labplan doctor.`,
        3,
      )
    })
    return await work(pool)
  } finally {
    await pool.end()
  }
}
