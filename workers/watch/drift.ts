/**
 * What exists beside what should: the difference as findings, each with what will be done. Pure: the same
 * look and record always give the same answer. What is ambiguous is kept, and said.
 */
import type { NewFinding } from '../../api/data/runs/finding.ts'
import type { InventoryRecord, SeatFacts, StackFacts } from '../../api/data/runs/inventory.ts'
import { networkName, secretName, seatLabel, serviceName } from '../../stacks/parts/names.ts'
import { differencesOf } from './spec.ts'
import type { Seen, SeenObject, SeenService } from './swarm.ts'

export type Place = { installation: string; registry: string; storageRoot: string }

type Scene = {
  place: Place
  seen: Seen
  record: InventoryRecord
  stacks: Map<string, StackFacts>
  /** By service name. */
  seats: Map<string, SeatFacts>
  /** Ids of secrets that some service of ours uses. */
  secretsInUse: Set<string>
}

export function driftOf(seen: Seen, record: InventoryRecord, place: Place): NewFinding[] {
  const scene: Scene = {
    ...{ place, seen, record },
    stacks: new Map(record.stacks.map((stack) => [stack.key, stack])),
    seats: new Map(record.seats.map((seat) => [serviceName({ ...place, ...seat }), seat])),
    secretsInUse: new Set(
      seen.services.flatMap((service) =>
        (service.spec.TaskTemplate.ContainerSpec?.Secrets ?? []).map((one) => one.SecretID),
      ),
    ),
  }
  return [
    ...seen.services.flatMap((service) => serviceFindings(scene, service)),
    ...missingServices(scene),
    ...seen.secrets.flatMap((secret) => secretFindings(scene, secret)),
    ...seen.volumes.flatMap((volume) => volumeFindings(scene, volume)),
    ...missingVolumes(scene),
    ...networkFindings(scene),
    ...seen.containers.map((one) => strange('container', one, 'container-by-hand')),
  ]
}

const strange = (
  object: NewFinding['object'],
  { id, name }: SeenObject,
  code: string,
): NewFinding => ({ kind: 'strange', object, name, objectId: id, code, repair: 'none' })

/** The stack an object says it belongs to, when all it says of itself is ours and fits together. */
function claimOf(
  { place }: Scene,
  { name, labels }: SeenObject,
  nameOf: (seat: { installation: string; course8: string; number: number }) => string,
): { stackKey: string; course8: string; number: number } | undefined {
  const stackKey = labels['labplan.stack']
  const [, course8, digits] = /^([a-z0-9]{8})\/(\d+)$/.exec(labels['labplan.seat'] ?? '') ?? []
  if (labels['labplan.installation'] !== place.installation || !stackKey) return undefined
  if (!course8 || !digits) return undefined
  const seat = { installation: place.installation, course8, number: Number(digits) }
  return nameOf(seat) === name ? { stackKey, ...seat } : undefined
}

function serviceFindings(scene: Scene, service: SeenService): NewFinding[] {
  const claim = claimOf(scene, service, serviceName)
  if (!claim) return [strange('service', service, 'not-as-we-name')]
  const stack = scene.stacks.get(claim.stackKey)
  if (stack && !stack.isSettled) return []
  if (!stack?.recorded.has(service.id)) return leakedService(service, claim.stackKey, stack)
  const seat = scene.seats.get(service.name)
  return seat ? alteredService(scene, service, claim.stackKey, seat) : []
}

/** In no state: made by a run that died, or by hand. One that runs may have somebody in it. */
function leakedService(
  service: SeenService,
  stackKey: string,
  stack: StackFacts | undefined,
): NewFinding[] {
  const of = { object: 'service' as const, name: service.name, objectId: service.id, stackKey }
  if (service.replicas > 0)
    return [{ ...of, kind: 'strange', code: 'runs-in-no-state', repair: 'none' }]
  return [{ ...of, kind: 'leaked', code: 'in-no-state', repair: stack ? 'run' : 'remove' }]
}

/** A running seat is changed by nobody: its repair waits until it is cold. */
function alteredService(
  scene: Scene,
  service: SeenService,
  stackKey: string,
  seat: SeatFacts,
): NewFinding[] {
  const of = {
    ...{ kind: 'altered' as const, object: 'service' as const, name: service.name },
    ...{ objectId: service.id, stackKey },
  }
  const isOff = seat.held || seat.state === 'cold' || seat.state === 'absent'
  if (isOff && service.replicas > 0) return [{ ...of, code: 'should-be-off', repair: 'driver' }]
  if (seat.state === 'ready' && service.replicas === 0)
    return [{ ...of, code: 'should-be-on', repair: 'driver' }]
  if (!seat.template || seat.appliedGeneration === null) return []
  const network = networkName(scene.place.installation, seat.template.network)
  const differences = differencesOf(service, {
    ...{ ...scene.place, course8: seat.course8, number: seat.number, template: seat.template },
    generation: seat.appliedGeneration,
    networkId: scene.seen.networks.find((one) => one.name === network)?.id,
  })
  if (differences.length === 0) return []
  const repair = service.replicas === 0 ? 'run' : 'wait'
  return [{ ...of, code: 'differs', params: { what: differences.join(', ') }, repair }]
}

function missingServices({ record, seen, place }: Scene): NewFinding[] {
  const ids = new Set(seen.services.map((service) => service.id))
  const names = new Map(
    record.seats.map((seat) => [seat.serviceId, serviceName({ ...place, ...seat })]),
  )
  return record.stacks
    .filter((stack) => stack.kind === 'seats' && stack.isSettled)
    .flatMap((stack) =>
      [...stack.recorded]
        .filter(([id]) => !ids.has(id))
        .map(([id, address]) => ({
          ...{ kind: 'missing' as const, object: 'service' as const, stackKey: stack.key },
          ...{ name: names.get(id) ?? `${stack.key} ${address}`, objectId: null },
          ...{ code: 'not-there', repair: 'run' as const },
        })),
    )
}

/** A secret that no service uses and no seat is about to: one of an earlier generation, or of a dead run. */
function secretFindings(scene: Scene, secret: SeenObject): NewFinding[] {
  const [, generation = ''] = /-g(\d+)$/.exec(secret.name) ?? []
  const claim = claimOf(scene, secret, (seat) =>
    secretName({ ...seat, generation: Number(generation) }),
  )
  if (!claim) return [strange('secret', secret, 'not-as-we-name')]
  const stack = scene.stacks.get(claim.stackKey)
  if (scene.secretsInUse.has(secret.id) || (stack && !stack.isSettled)) return []
  const seat = scene.seats.get(serviceName({ ...scene.place, ...claim }))
  // Its service is missing, and comes back with it.
  if (seat && seat.state !== 'absent' && seat.appliedGeneration === Number(generation)) return []
  const of = { object: 'secret' as const, name: secret.name, objectId: secret.id }
  return [
    {
      ...{ ...of, kind: 'leaked', stackKey: claim.stackKey, code: 'used-by-nobody' },
      repair: stack ? 'run' : 'remove',
    },
  ]
}

/**
 * Volumes are never touched: files may be in any of them. But what Docker keeps of a version of a course's data that was purged
 * points to what is proven gone; one that is only old may be mounted still where Docker does not know of it.
 */
function volumeFindings({ record, place }: Scene, volume: SeenObject): NewFinding[] {
  const isOurs = volume.labels['labplan.installation'] === place.installation
  if (isOurs && record.purgedData.has(volume.name)) return [leakedData(volume)]
  const [, dataOf] = /^lp-[a-z0-9]{8}-([a-z0-9]{8})-data-g\d+$/.exec(volume.name) ?? []
  if (dataOf !== undefined && record.seats.some((one) => one.course8 === dataOf)) return []
  const [, course8, digits, generation] =
    /^lp-[a-z0-9]{8}-([a-z0-9]{8})-s(\d+)-(?:g(\d+)(?:-scratch)?|slot)$/.exec(volume.name) ?? []
  const isNamed = volume.name.startsWith(`lp-${place.installation}-`) && course8 !== undefined
  const label = volume.labels['labplan.seat']
  if (!isNamed || !isOurs || label !== seatLabel({ course8, number: Number(digits) }))
    return [strange('volume', volume, 'not-as-we-name')]
  const seat = record.seats.find((one) => one.course8 === course8 && one.number === Number(digits))
  if (seat && Number(generation ?? 0) <= seat.generation) return []
  return [strange('volume', volume, 'volume-of-no-seat')]
}

const leakedData = ({ id, name }: SeenObject): NewFinding => ({
  ...{ kind: 'leaked', object: 'volume', name, objectId: id },
  ...{ code: 'data-purged', repair: 'remove' },
})

function missingVolumes({ record, seen }: Scene): NewFinding[] {
  const names = new Set(seen.volumes.map((volume) => volume.name))
  return record.stacks
    .filter((stack) => stack.kind === 'volumes' && stack.isSettled)
    .flatMap((stack) =>
      [...stack.recorded]
        // A share of a cloud is not the Swarm's.
        .filter(([name, address]) => !names.has(name) && address.startsWith('docker_volume.'))
        .map(([name]) => ({
          ...{ kind: 'missing' as const, object: 'volume' as const, name, objectId: null },
          ...{ stackKey: stack.key, code: 'volume-not-there', repair: 'none' as const },
        })),
    )
}

/** Seats' networks are made by scripts/network and scripts/up; without one no seat can start. */
function networkFindings({ record, seen, place }: Scene): NewFinding[] {
  const keys = record.seats.flatMap(({ template }) => template?.network ?? [])
  const wanted = new Set(
    keys.filter((key) => key !== 'none').map((key) => networkName(place.installation, key)),
  )
  const there = new Set(seen.networks.map((network) => network.name))
  return [...wanted]
    .filter((name) => !there.has(name))
    .map((name) => ({
      ...{ kind: 'missing' as const, object: 'network' as const, name, objectId: null },
      ...{ code: 'network-not-there', repair: 'none' as const },
    }))
}
