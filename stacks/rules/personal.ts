/** A seat that begins without its student's own volume, since nobody could bring that into it. */
import type { ServiceTemplate } from '../blueprint.ts'

/** One object for each template, since its digest is remembered by it. */
const templates = new WeakMap<ServiceTemplate, ServiceTemplate>()

/** A container that mounts a slot which nobody makes does not start: it is left out. */
export function withoutPersonal(template: ServiceTemplate): ServiceTemplate {
  if (!template.personal) return template
  const known = templates.get(template)
  if (known) return known
  const { personal: _personal, ...rest } = template
  templates.set(template, rest)
  return rest
}
