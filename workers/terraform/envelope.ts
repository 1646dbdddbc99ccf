/**
 * Is a plan what was approved? The content of a stack comes from the approved blueprint alone; here it is said anew,
 * without the renderer, what each object of it must be, and every planned change is held against that. Neither a
 * configuration nor an engine, a provider or a state that somebody altered gets past it. Pure.
 */
import type { ServiceTemplate } from '../../stacks/blueprint.ts'
import type {
  SeatContent,
  SeatsContent,
  StackContent,
  VolumesContent,
} from '../../stacks/content.ts'
import {
  dataVolumeName,
  networkName,
  scratchName,
  seatLabel,
  seatNumber3,
  serviceAddress,
  serviceName,
  shareAddress,
  slotFolder,
  volumeAddress,
  volumeHome,
  volumeName,
} from '../../stacks/parts/names.ts'
import { IDENTITY_PORT } from '../../stacks/parts/seat-service.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import { facets, type Facets } from './facets.ts'
import type { Refusal } from './guard.ts'
import type { Change } from './plan.ts'

/** Address → what it must be. */
export type Envelope = Map<string, Facets>

/** @param variables ids of secrets and networks, as the configuration gets them */
export function envelopeOf(content: StackContent, variables: Record<string, unknown>): Envelope {
  if (content.kind === 'volumes')
    return new Map([
      ...content.volumes.map((one) => [volumeAddress(one), volumeFacets(content, one)] as const),
      ...sharesOf(content),
      ...limitsOf(content),
      ...dataOf(content),
    ])
  return new Map(
    content.seats.map((seat) => [
      serviceAddress(seat.number),
      seatFacets(content, seat, variables as Ids),
    ]),
  )
}

type Ids = { secrets?: Record<string, string>; networks?: Record<string, string> }

const words = (list: unknown[]): string[] => list.map((one) => JSON.stringify(one)).toSorted()

function seatFacets(course: SeatsContent, seat: SeatContent, ids: Ids): Facets {
  const { template } = seat
  const name = { ...course, number: seat.number, generation: seat.generation }
  const network = networkName(course.installation, template.network)
  const share = [template.cpuMillis * 1_000_000, template.memoryMb * 1024 * 1024]
  const rights = template.capabilities.map((one) =>
    one.startsWith('CAP_') || one === 'ALL' ? one : `CAP_${one}`,
  )
  const ports = new Set([...template.ports.map((port) => port.number), IDENTITY_PORT])
  const { volume } = template
  const driver = volume?.backend ? ['local', folderOf(course, volumeName(name), volume)] : ['', {}]
  const home = volume?.scratch ? scratchName(name) : volumeName(name)
  const mount = ['volume', home, volume?.mountPath, false, ...driver, []]
  return facets({
    name: serviceName(name),
    image: imageReference(template.image, course.registry),
    program: [[], template.command],
    environment: environmentOf(template, seatLabel(name)),
    rights: [words(rights), words(['ALL'])],
    mounts: words([
      ...(volume ? [mount] : []),
      ...dataMounts(course, template),
      ...personalMounts(course, seat),
    ]),
    secrets: words([[ids.secrets?.[seatNumber3(seat.number)], 'labplan']]),
    networks: template.network === 'none' ? [] : words([[ids.networks?.[network], '']]),
    ports: words([...ports].map((port) => [port, 'host'])),
    limits: share,
    reserved: share,
    devices: [template.gpu ? words([`gpu=${template.gpu.count}`]) : [], []],
    placement: words([
      ...template.constraints,
      ...(template.gpu ? [`node.labels.labplan.gpu.${serviceName(name)}==yes`] : []),
    ]),
    more: [],
  })
}

function personalMounts(
  { storageRoot = '', installation, course8 }: SeatsContent,
  { number, template }: SeatContent,
): unknown[] {
  if (!template.personal) return []
  const { mountPath, server } = template.personal
  const name = serviceName({ installation, course8, number })
  if (server !== undefined) {
    const o = `addr=${server},vers=4.2,hard,timeo=100,acdirmin=1,acdirmax=1,nosuid,nodev`
    const options = { device: `:/slots/${name}`, o, type: 'nfs' }
    return [['volume', `${name}-slot`, mountPath, false, 'local', options, []]]
  }
  const propagation = { propagation: 'rslave' }
  return [['bind', slotFolder(storageRoot, name), mountPath, false, '', {}, [propagation]]]
}

/** To be read only, and no other version than the one in force, or what somebody works with. */
function dataMounts(course: SeatsContent, { data }: ServiceTemplate): unknown[] {
  if (!data?.backend) return []
  const name = dataVolumeName({ ...course, version: data.version })
  return [['volume', name, data.mountPath, true, 'local', folderOf(course, name, data), []]]
}

/** Terraform sorts a map's keys; Swarm would expand `{{` in what people wrote. */
function environmentOf({ env, gpu }: ServiceTemplate, label: string): Record<string, string> {
  const own = Object.entries(env).map(([key, text]) => [key, text.replaceAll('{{', '{{"{{"}}')])
  const all = {
    ...Object.fromEntries(own),
    ...{ LABPLAN_SEAT: label, LABPLAN_TASK: '{{.Task.ID}}' },
    NVIDIA_VISIBLE_DEVICES: gpu ? '{{index .Service.Labels "labplan.devices"}}' : 'void',
  }
  return Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1))) as Record<
    string,
    string
  >
}

function volumeFacets(course: VolumesContent, one: VolumesContent['volumes'][number]): Facets {
  const name = volumeName({ ...course, number: one.seat, generation: one.generation })
  return facets({
    name,
    driver: 'local',
    options: one.limit ? folderOf(course, name, one.limit) : {},
  })
}

/** In whole GiB, and as the cloud calls them. Of those that were purged for good there is none. */
function sharesOf({ shares, ...course }: VolumesContent): [string, Facets][] {
  if (!shares) return []
  return course.volumes
    .filter(({ limit, erased }) => limit?.backend === 'manila' && !erased)
    .map((one) => {
      const name = volumeName({ ...course, number: one.seat, generation: one.generation })
      const { region, shareType: type } = shares
      const size = Math.ceil((one.limit?.limitMb ?? 0) / 1024)
      const must = { name, region, protocol: 'CEPHFS', type, size, isPublic: false, from: null }
      return [shareAddress(one), facets(must)]
    })
}

/** Where a node has the volume from, by name of the option. */
const folderOf = (
  { storageRoot = '' }: { storageRoot?: string },
  name: string,
  { backend, server = '' }: { backend?: string | undefined; server?: string | undefined },
) =>
  backend === 'nfs'
    ? {
        device: `:/${name}/home`,
        o: `addr=${server},vers=4.2,hard,timeo=100,nosharecache,nosuid,nodev`,
        type: 'nfs',
      }
    : { device: volumeHome(storageRoot, name), o: 'bind', type: 'none' }

/** Megabytes by volume: Terraform's own object, which makes nothing outside its state. */
function limitsOf({ volumes }: VolumesContent): [string, Facets][] {
  const limits = volumes.flatMap((one) =>
    one.limit ? [[volumeAddress(one).replace(/^[^.]+\./, ''), one.limit.limitMb] as const] : [],
  )
  if (limits.length === 0) return []
  const input = Object.fromEntries(limits.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return [['terraform_data.limits', facets({ input })]]
}

/** The version of the course's data that is wanted, and how large it may be: Terraform's own object, too. */
function dataOf({ data, ...course }: VolumesContent): [string, Facets][] {
  if (!data) return []
  const name = dataVolumeName({ ...course, version: data.version })
  return [['terraform_data.course_data', facets({ input: { [name]: data.sizeMb } })]]
}

/** Every change that was not approved, and why. */
export function outsideEnvelope(changes: Change[], envelope: Envelope): Refusal[] {
  return changes.flatMap((change) => outside(change, envelope))
}

function outside(change: Change, envelope: Envelope): Refusal[] {
  const { address, action, planned } = change
  const refuse = (code: Refusal['code'], detail: string) => [{ code, address, detail }]
  const approved = envelope.get(address)
  if (action === 'none') return []
  if (action === 'delete' || action === 'forget')
    return approved ? refuse('still_approved', `${action} of what is approved to be there`) : []
  if (!approved) return refuse('not_approved', `${action} of what nobody approved`)
  // A seat that is made anew keeps its volume; that it is cold is the guard's to see.
  if (action === 'replace' && change.type !== 'docker_service')
    return refuse('would_be_replaced', 'it would be removed and made anew')
  const names = Object.keys(approved).filter((name) => approved[name] !== planned?.[name])
  return names.length === 0 ? [] : refuse('not_as_approved', `another ${names.join(', ')}`)
}
