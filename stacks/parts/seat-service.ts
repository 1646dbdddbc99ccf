/** One seat as a Swarm service. Every choice that is not obvious was measured; the comments say what breaks. */
import { Service, type ServiceConfig } from '@cdktf/provider-docker/lib/service/index.js'
import type { TerraformStack } from 'cdktf'
import type { ServiceTemplate } from '../blueprint.ts'
import type { SeatContent, SeatsContent } from '../content.ts'
import {
  networkName,
  ownLabels,
  scratchName,
  secretName,
  seatLabel,
  seatNumber3,
  serviceName,
  volumeName,
} from './names.ts'
import { dataMounts } from './course-data.ts'
import { gpuConstraints, gpuEnvironment } from './seat-gpu.ts'
import { keptFolder, personalMount } from './seat-volume.ts'
import { imageReference, literal, literalEnv } from './text.ts'

/** Where `labplan-seat` answers who it is, in every environment image. */
export const IDENTITY_PORT = 1907

const NOT_OURS = [
  // `labplan.run` names the run that made the service, for ever; the other labels never change.
  'labels',
  // On and off belong to the control plane, which scales through the Swarm API.
  'mode[0].replicated[0].replicas',
  // Swarm writes down for which machines the image was built, when it makes the service.
  'task_spec[0].placement[0].platforms',
]

type ContainerSpec = ServiceConfig['taskSpec']['containerSpec']

export function seatService(stack: TerraformStack, course: SeatsContent, seat: SeatContent): void {
  const { template } = seat
  const name = { ...course, number: seat.number, generation: seat.generation }
  const labels = ownLabels({ ...course, stack: course.key, seat: seatLabel(name) })
  const service = new Service(stack, `s${seatNumber3(seat.number)}`, {
    name: serviceName(name),
    labels: labelBlocks({ ...labels, 'labplan.run': '${var.run}' }),
    mode: { replicated: { replicas: 0 } },
    endpointSpec: { mode: 'dnsrr', ports: hostPorts(template) },
    taskSpec: {
      containerSpec: container(course, seat, labels),
      resources: resources(template),
      // Written out: with it unset, the first update of anything replaces the container.
      restartPolicy: { condition: 'any', delay: '5s', maxAttempts: 0, window: '0s' },
      placement: {
        constraints: [...template.constraints.map(literal), ...gpuConstraints(template, name)],
      },
    },
    lifecycle: { ignoreChanges: NOT_OURS },
  })
  service.overrideLogicalId(`s${seatNumber3(seat.number)}`)
  // By id: the bindings know only `name`, which forces a replacement at each plan.
  if (template.network !== 'none')
    service.addOverride('task_spec.networks_advanced', [
      { id: `\${var.networks["${networkName(course.installation, template.network)}"]}` },
    ])
}

function labelBlocks(labels: Record<string, string>): { label: string; value: string }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }))
}

/** Dynamic ports of the node itself: the routing mesh needs IP_VS, and is one hop more. */
function hostPorts(template: ServiceTemplate) {
  const numbers = [...template.ports.map((port) => port.number), IDENTITY_PORT]
  return [...new Set(numbers)]
    .toSorted((a, b) => a - b)
    .map((targetPort) => ({ targetPort, protocol: 'tcp', publishMode: 'host' }))
}

/** No stop_grace_period: a destroy would wait for it and fail. No isolation, no dns_config. */
function container(
  course: SeatsContent,
  seat: SeatContent,
  labels: Record<string, string>,
): ContainerSpec {
  const { template } = seat
  const name = { ...course, number: seat.number, generation: seat.generation }
  const env = Object.entries(template.env).map(([key, value]) => [key, literalEnv(value)])
  return {
    image: imageReference(template.image, course.registry),
    ...(template.command.length > 0 && { args: template.command.map(literal) }),
    env: {
      ...Object.fromEntries(env),
      LABPLAN_SEAT: seatLabel(name),
      LABPLAN_TASK: '{{.Task.ID}}',
      ...gpuEnvironment(template),
    },
    labels: labelBlocks(labels),
    capDrop: ['ALL'],
    capAdd: template.capabilities.map(capability).toSorted(),
    secrets: [
      {
        secretId: `\${var.secrets["${seatNumber3(seat.number)}"]}`,
        secretName: secretName(name),
        fileName: 'labplan',
        fileUid: '0',
        fileGid: '0',
        fileMode: 0o400,
      },
    ],
    mounts: [
      ...(template.volume
        ? [seatMount(course, homeName(name, template), template.volume, labels)]
        : []),
      ...(template.personal
        ? [personalMount(course, seat.number, template.personal, ownerBlocks(labels))]
        : []),
      ...dataMounts(course, template),
    ],
  }
}

const homeName = (name: Parameters<typeof scratchName>[0], { volume }: ServiceTemplate): string =>
  volume?.scratch ? scratchName(name) : volumeName(name)

/**
 * The seat's volume, by name. A node that has none of that name makes it, with labels that say whose it
 * is; not this stack's, which must never be taken for its owner.
 */
function seatMount(
  course: SeatsContent,
  source: string,
  volume: NonNullable<ServiceTemplate['volume']>,
  labels: Record<string, string>,
) {
  const { backend, server } = volume
  const driver = backend && {
    driverName: 'local',
    driverOptions: keptFolder(course, source, { backend, server }),
  }
  return {
    type: 'volume',
    source,
    target: literal(volume.mountPath),
    volumeOptions: { labels: ownerBlocks(labels), ...driver },
  }
}

function ownerBlocks(labels: Record<string, string>) {
  const { 'labplan.stack': _stack, ...owner } = labels
  return labelBlocks(owner)
}

/** Swarm answers capabilities with their prefix; written otherwise, each plan would show a change. */
const capability = (name: string): string =>
  name.startsWith('CAP_') || name === 'ALL' ? name : `CAP_${name}`

/** What is promised is reserved, and what is reserved is the limit: nobody takes a neighbour's share. */
function resources(template: ServiceTemplate) {
  const share = {
    nanoCpus: template.cpuMillis * 1_000_000,
    memoryBytes: template.memoryMb * 1024 * 1024,
  }
  if (!template.gpu) return { limits: share, reservation: share }
  // Counted: named generic resources are rejected at any node update. Which ones, `seat-gpu.ts` says.
  const genericResources = { discreteResourcesSpec: [`gpu=${template.gpu.count}`] }
  return { limits: share, reservation: { ...share, genericResources } }
}
