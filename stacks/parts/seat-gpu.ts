/**
 * How a seat gets the GPUs it was given, and no other gets any. Swarm only counts them: which ones they are is written
 * down by Labplan, and told when the seat is started, by what Terraform does not look at: a label of the service, whose value
 * Swarm puts into the environment of the task, and a label of the node they are in, the only one that takes it.
 */
import type { ServiceTemplate } from '../blueprint.ts'
import { gpuNodeLabel, type SeatName } from './names.ts'

/** Label of a service: numbers of GPUs on its node, `0,2`. */
export const DEVICES_LABEL = 'labplan.devices'

/**
 * What NVIDIA's container runtime reads. Said of every seat, since an image may say `all`, and a node that has GPUs would
 * then give all of them to a seat that asked for none.
 */
export function gpuEnvironment({ gpu }: Pick<ServiceTemplate, 'gpu'>): Record<string, string> {
  const devices = gpu ? `{{index .Service.Labels "${DEVICES_LABEL}"}}` : 'void'
  return { NVIDIA_VISIBLE_DEVICES: devices }
}

export function gpuConstraints({ gpu }: Pick<ServiceTemplate, 'gpu'>, seat: SeatName): string[] {
  return gpu ? [`node.labels.${gpuNodeLabel(seat)}==yes`] : []
}
