/** How a seat's service differs from what was applied, in the ways that matter. Pure. */
import type { ServiceTemplate } from '../../stacks/blueprint.ts'
import {
  dataVolumeName,
  scratchName,
  serviceName,
  slotFolder,
  slotMountName,
  volumeName,
} from '../../stacks/parts/names.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import type { SeenService } from './swarm.ts'

export type Applied = {
  installation: string
  registry: string
  storageRoot: string
  course8: string
  number: number
  generation: number
  template: ServiceTemplate
  /** Id of the network it should be in; undefined when that is not known, or it has none. */
  networkId: string | undefined
}

export type Difference = 'image' | 'limits' | 'mounts' | 'capabilities' | 'network'

/**
 * Not compared: labels (the creating run's, for ever), the pids limit and grace (set when it is turned on),
 * placement platforms (Swarm's own), environment (the provider writes it in no order).
 */
export function differencesOf(service: SeenService, applied: Applied): Difference[] {
  const { template } = applied
  const { data } = template
  const { ContainerSpec, Resources, Networks } = service.spec.TaskTemplate
  const limits = Resources?.Limits
  const mounts = (ContainerSpec?.Mounts ?? []).map((mount) => `${mount.Source}:${mount.Target}`)
  const wantedMounts = [
    ...(template.volume ? [`${homeOf(applied)}:${template.volume.mountPath}`] : []),
    ...(template.personal
      ? [`${slotOf(applied, template.personal)}:${template.personal.mountPath}`]
      : []),
    ...(data?.backend
      ? [`${dataVolumeName({ ...applied, version: data.version })}:${data.mountPath}`]
      : []),
  ]
  const added = template.capabilities.map((one) => (one.startsWith('CAP_') ? one : `CAP_${one}`))
  const holds: Record<Difference, boolean> = {
    image: ContainerSpec?.Image === imageReference(template.image, applied.registry),
    limits:
      limits?.NanoCPUs === template.cpuMillis * 1e6 &&
      limits.MemoryBytes === template.memoryMb * 1024 * 1024,
    mounts: same(mounts, wantedMounts),
    capabilities:
      same(ContainerSpec?.CapabilityAdd ?? [], added) &&
      same(ContainerSpec?.CapabilityDrop ?? [], ['ALL']),
    network:
      applied.networkId === undefined ||
      (Networks ?? []).some((network) => network.Target === applied.networkId),
  }
  return (Object.keys(holds) as Difference[]).filter((difference) => !holds[difference])
}

const homeOf = (applied: Applied): string =>
  applied.template.volume?.scratch ? scratchName(applied) : volumeName(applied)

const slotOf = (applied: Applied, { server }: { server?: string | undefined }): string =>
  server === undefined
    ? slotFolder(applied.storageRoot, serviceName(applied))
    : slotMountName(applied)

const same = (some: string[], others: string[]): boolean =>
  some.toSorted().join('\n') === others.toSorted().join('\n')
