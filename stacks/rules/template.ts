/** What is one seat of a course? Its environment, its needs and its pool → the seat template. */
import type { BlueprintCourse, SeatTemplate, ServiceTemplate } from '../blueprint.ts'
import type { Course, Environment } from '../terms.ts'

/** Where students find their own volume, whatever the environment. */
const PERSONAL_PATH = '/personal'

/** @returns null while the environment has no build */
export function seatTemplate(
  course: Course,
  environment: Environment,
  personal: BlueprintCourse['personal'],
): SeatTemplate | null {
  if (environment.image === undefined) return null
  const quotaMb = course.seat.volumeQuotaMb
  return {
    image: environment.image,
    command: environment.command ?? [],
    env: environment.env,
    capabilities: environment.capabilities.toSorted(),
    ports: environment.ports.toSorted((a, b) => a.number - b.number),
    cpuMillis: Math.round(course.seat.cpu * 1000),
    memoryMb: course.seat.memoryMb,
    gpu: course.seat.gpu ?? null,
    volume: quotaMb === undefined ? null : { mountPath: environment.mountPath, quotaMb },
    ...(personal && { personal: { mountPath: PERSONAL_PATH } }),
    ...dataOf(course),
    pidsLimit: environment.pidsLimit,
    constraints: [],
    network: environment.network,
  }
}

function dataOf({ data }: Course): Pick<SeatTemplate, 'data'> {
  if (data?.version === undefined) return {}
  const { version, sizeMb, mountPath } = data
  return { data: { version, sizeMb, mountPath } }
}

/**
 * Without the limits of its volume and of its course's data, which are changed under a seat that runs and must restart nobody's.
 * The same object for the same template, which nobody changes.
 */
export function serviceTemplate(template: SeatTemplate | ServiceTemplate): ServiceTemplate {
  const known = services.get(template)
  if (known) return known
  const { volume, data, ...rest } = template
  if (!(volume && 'quotaMb' in volume) && !(data && 'sizeMb' in data)) return template
  const service = { ...rest, volume: unlimited(volume), ...(data && { data: unsized(data) }) }
  services.set(template, service)
  return service
}

const services = new WeakMap<SeatTemplate | ServiceTemplate, ServiceTemplate>()

function unlimited(volume: SeatTemplate['volume'] | ServiceTemplate['volume']) {
  if (!volume || !('quotaMb' in volume)) return volume
  const { quotaMb: _quotaMb, region: _region, shareType: _shareType, ...rest } = volume
  return rest
}

function unsized(data: NonNullable<SeatTemplate['data'] | ServiceTemplate['data']>) {
  if (!('sizeMb' in data)) return data
  const { sizeMb: _sizeMb, ...rest } = data
  return rest
}
