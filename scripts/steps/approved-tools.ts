/** Whether what runs here may apply anything: said at the start of Labplan, and not first by a run that is held. */
import type { Pool } from '../../api/data/db.ts'
import { type KeyRing, readKeyRing } from '../../api/data/key-ring.ts'
import { type ToolParts, allTools } from '../../api/data/tools.ts'
import { type MachineTools, machineTools } from '../../workers/terraform/tools.ts'
import { withDatabase } from '../database.ts'
import { labplanVariables } from './environment.ts'
import type { Settings } from './settings.ts'
import { SYSTEM_PATH } from './shell.ts'
import { findEngine } from './terraform-engine.ts'

/** Lines for who starts Labplan; nothing when its tools are approved, or none were used yet. */
export async function toolsAdvice(settings: Settings): Promise<string | undefined> {
  const engine = findEngine(settings)
  if (!engine) return undefined
  const { LABPLAN_KEY_FILE = `${settings.home}/keys.json` } = labplanVariables(settings)
  const config = {
    ...{ terraformBinary: engine, providerMirror: settings.mirror, searchPath: SYSTEM_PATH },
  }
  return withDatabase(process.env, async (pool) =>
    adviceOnTools({ pool, ring: readKeyRing(LABPLAN_KEY_FILE) }, () => machineTools(config)),
  )
}

export async function adviceOnTools(
  { pool, ring }: { pool: Pool; ring: KeyRing },
  measure: () => Promise<MachineTools>,
): Promise<string | undefined> {
  const known = await allTools(pool, ring)
  const approved = known.filter((one) => one.approved_at !== null)
  if (approved.length === 0) return undefined
  const here = await measure()
  if (approved.some((one) => isMade(one.parts, here))) return undefined
  const seen = known.find((one) => isMade(one.parts, here))
  const next = seen
    ? `If you meant it: scripts/labplan tools approve ${seen.digest.slice(0, 12)}`
    : 'If you meant it: scripts/labplan tools list, once a run was held, then tools approve DIGEST'
  return `Nothing is applied yet: the engine, a provider or the renderer is another than was approved.\n${next}`
}

/** Whether these are the bytes that are here: of the providers those it names. */
const isMade = ({ program, renderer, providers }: ToolParts, here: MachineTools): boolean =>
  program === here.program &&
  renderer === here.renderer &&
  Object.entries(providers).every(([path, hash]) => here.providers[path] === hash)
