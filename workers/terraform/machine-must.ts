/** What a machine of a cloud and its port must be, said without the renderer: nodes and managers alike. Pure. */
import { createHash } from 'node:crypto'
import type { BlueprintCloud } from '../../stacks/blueprint.ts'
import type { MachinesContent } from '../../stacks/content.ts'
import { baseName, machineName, otherRegion } from '../../stacks/parts/names.ts'
import { type Machine, startOf } from '../../stacks/parts/user-data.ts'
import { type Facets, facets } from './facets.ts'

/** `always` holds for what stands already, too; `made` for what is made now. */
export type Must = { always: Facets; made: Facets }

/** @param of flavour: the cloud's name of it. join: by key, as the configuration gets it */
export function machineMust(
  { key, role, gpu }: Pick<Machine, 'key' | 'role' | 'gpu'>,
  content: MachinesContent,
  of: {
    region: BlueprintCloud['regions'][number]
    flavour: string
    join: Record<string, string>
  },
): Must {
  const { cloud } = content
  const { region, flavour, join } = of
  const zones = region.availabilityZones
  const zone = zones[(Number(/\d+$/.exec(key)?.[0] ?? 1) - 1) % zones.length]
  const machine = { ...content, key, role, gpu, otherRegion: otherRegion(content.key) }
  const start = createHash('sha1')
    .update(startOf(machine, join[key] ?? ''))
    .digest('hex')
  const disks =
    cloud.engineVolumeGb === null
      ? []
      : [
          ['image', 'local', null],
          ['blank', 'volume', cloud.engineVolumeGb],
        ]
  return {
    always: facets({
      ...{ name: machineName(content, key), region: region.name, flavour },
    }),
    made: facets({
      ...{ start, disks, networks: 1, files: 0 },
      key: cloud.sshKey === null ? null : baseName(content),
      ...(zone !== undefined && { zone }),
    }),
  }
}

export const portOf = (content: MachinesContent, key: string, region: string): Must => ({
  always: facets({ name: machineName(content, key), region, groups: 1 }),
  made: {},
})
