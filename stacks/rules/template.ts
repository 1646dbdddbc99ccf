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
    pidsLimit: environment.pidsLimit,
    constraints: [],
    network: environment.network,
  }
}

/**
 * Without the limit of its volume, which is changed under a seat that runs and must restart nobody's. The same object for the
 * same template, which nobody changes.
 */
export function serviceTemplate(template: SeatTemplate | ServiceTemplate): ServiceTemplate {
  if (template.volume === null || !('quotaMb' in template.volume)) return template
  const known = services.get(template)
  if (known) return known
  const { quotaMb: _quotaMb, ...volume } = template.volume
  const service = { ...template, volume }
  services.set(template, service)
  return service
}

const services = new WeakMap<SeatTemplate | ServiceTemplate, ServiceTemplate>()
