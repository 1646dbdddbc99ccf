/** What is a seat whose storage is away, when its teacher has it begin all the same? The template with a home of its node's own. */
import type { ServiceTemplate } from '../blueprint.ts'

/** An environment can tell by it that its home is for a while only. */
const SCRATCH_ENV = 'LABPLAN_SCRATCH'

/**
 * Whatever the storage keeps is left out: a container that mounts any of it does not start. On `node`, where files of
 * its scratch home are already, if there is one. The same object for the same template and node; undefined where no
 * storage keeps its volume, so that none can be away.
 */
export function scratchTemplate(
  template: ServiceTemplate,
  node: string | null,
): ServiceTemplate | undefined {
  const known = templates.get(template) ?? new Map<string | null, ServiceTemplate>()
  templates.set(template, known)
  const made = known.get(node) ?? withScratch(template, node)
  if (made) known.set(node, made)
  return made
}

const templates = new WeakMap<ServiceTemplate, Map<string | null, ServiceTemplate>>()

function withScratch(template: ServiceTemplate, node: string | null): ServiceTemplate | undefined {
  const { volume, personal: _personal, data: _data, ...rest } = template
  if (!volume?.backend) return undefined
  const { backend, server, mountPath } = volume
  return {
    ...rest,
    env: { ...rest.env, [SCRATCH_ENV]: '1' },
    volume: { mountPath, scratch: { backend, ...(server !== undefined && { server }) } },
    constraints: [...rest.constraints, ...(node === null ? [] : [`node.id==${node}`])],
  }
}
