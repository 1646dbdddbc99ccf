import { buildImage } from '../../scripts/images/build.ts'
import { terminal } from '../../scripts/images/terminal.ts'
import { readSettings, root } from '../../scripts/steps/settings.ts'
import type { SwarmBed } from './swarm.ts'

/**
 * The environment image `terminal` in the bed's registry; answers its reference by digest. A few
 * seconds, but for the first time on a machine (two minutes, for Debian's packages).
 */
export async function terminalOn(bed: Pick<SwarmBed, 'registry'>): Promise<string> {
  return await buildImage(terminal, {
    root,
    cache: readSettings().cache,
    registry: bed.registry,
    say: () => {},
  })
}
