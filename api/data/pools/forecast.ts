/** Demand and capacity of what is in force, from now to the end of what is planned. */
import { type Forecast, forecast } from '../../../stacks/rules/forecast.ts'
import type { Text } from '../../../stacks/terms.ts'
import { compiledInForce } from '../changes/change-preview.ts'
import type { Db } from '../db.ts'
import { merged, valuesOf } from '../courses/documents.ts'

export type PoolForecast = Forecast & { title: Text }

/** One for each pool, in the order of their keys. */
export async function forecastInForce(db: Db, now: Date): Promise<PoolForecast[]> {
  const { documents, compiled } = await compiledInForce(db, now)
  return valuesOf(merged(documents, []), 'Pool')
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((pool) => ({ ...forecast(compiled, pool), title: pool.title }))
}
