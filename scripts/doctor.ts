/** The parts Labplan stands on, looked at one by one: what is so, and what to do when it should not be. */
import { imagesInForce } from '../api/data/health.ts'
import { databaseLooks } from './doctor-parts/database.ts'
import { engineLooks } from './doctor-parts/engine.ts'
import type { Look } from './doctor-parts/look.ts'
import { keyFileOf, machineLooks } from './doctor-parts/machine.ts'
import { imagesLook, serviceLooks } from './doctor-parts/service.ts'
import { volumesLook } from './doctor-parts/storage.ts'
import { type World, thisMachine } from './doctor-parts/world.ts'
import { labplanVariables } from './steps/environment.ts'
import type { Settings } from './steps/settings.ts'

export type Finding = { part: string } & Look

/** Looks at everything; a part that does not answer costs three seconds, not the others. */
export async function examine(settings: Settings, world: World = thisMachine): Promise<Finding[]> {
  const variables = labplanVariables(settings)
  const database = {
    url: variables['DATABASE_URL'] ?? '',
    installation: variables['LABPLAN_INSTALLATION'] ?? '',
    keyFile: keyFileOf(settings),
  }
  const looks = await Promise.all([
    machineLooks(settings, variables, world),
    engineLooks(settings, world),
    serviceLooks(settings),
    databaseLooks(database, world, async (pool) => [
      ['Images', await imagesLook(settings.registry, await imagesInForce(pool))],
      ['Volumes', await volumesLook(settings, pool)],
    ]),
  ])
  return looks.flat().map(([part, look]) => ({ part, ...look }))
}
