/**
 * What matters of one planned object, cut out of `terraform show -json`: what it runs, with which rights, how much it
 * takes, what it mounts and where it can be reached. Compared with what is approved, then forgotten.
 */
import { z } from 'zod'

export type Facets = Record<string, string>

const list = z.array(z.looseObject({})).nullish()
const service = z.looseObject({
  name: z.string(),
  mode: list,
  endpoint_spec: list,
  auth: list,
  task_spec: z.tuple([
    z.looseObject({
      container_spec: z.tuple([z.looseObject({ image: z.string() })]),
      resources: list,
      networks_advanced: list,
      placement: list,
    }),
  ]),
})
const volume = z.looseObject({ name: z.string() })

type Tree = Record<string, unknown>

/** Undefined for an object that goes, or that is of no form of ours. @param after `change.after` of the plan */
export function facetsOf(type: string, after: unknown): Facets | undefined {
  if (after === null || after === undefined) return undefined
  if (type === 'docker_volume') {
    const { data } = volume.safeParse(after)
    const driver = data?.['driver'] ?? 'local'
    return data && facets({ name: data.name, driver, options: byName(data['driver_opts']) })
  }
  const { data } = service.safeParse(after)
  if (type === 'terraform_data') return facets({ input: byName((after as Tree)['input']) })
  return type === 'docker_service' && data ? serviceFacets(data) : undefined
}

/** Docker's words for "as usual": saying them is the same as not saying them. */
const USUAL: Record<string, unknown> = { isolation: 'default', driver: 'local' }

function serviceFacets(after: z.infer<typeof service>): Facets {
  const [task] = after.task_spec
  const [container] = task.container_spec
  const limits = first(first(task.resources)['limits'])
  const reserved = first(first(task.resources)['reservation'])
  const generic = first(reserved['generic_resources'])
  return facets({
    name: after.name,
    image: container.image,
    program: [container['command'] ?? [], container['args'] ?? []],
    environment: byName(container['env']),
    rights: [sorted(container['cap_add']), sorted(container['cap_drop'])],
    mounts: sorted(rows(container['mounts']).map(mountOf)),
    secrets: sorted(rows(container['secrets']).map((one) => [one['secret_id'], one['file_name']])),
    networks: sorted(
      rows(task.networks_advanced).map((one) => [one['id'] ?? null, one['name'] ?? '']),
    ),
    ports: sorted(
      rows(first(after.endpoint_spec)['ports']).map((one) => [
        one['target_port'],
        one['publish_mode'],
      ]),
    ),
    limits: [limits['nano_cpus'], limits['memory_bytes']],
    reserved: [reserved['nano_cpus'], reserved['memory_bytes']],
    devices: [sorted(generic['discrete_resources_spec']), sorted(generic['named_resources_spec'])],
    placement: sorted(first(task.placement)['constraints']),
    more: moreOf(container),
  })
}

/** Whatever else a container could be told: nothing of it is in any template. */
function moreOf(container: Tree): unknown[] {
  const names = [
    ...['user', 'dir', 'hostname', 'hosts', 'groups', 'sysctl', 'configs', 'privileges'],
    ...['read_only', 'stop_signal', 'isolation'],
  ]
  return names.flatMap((name) => {
    const value = container[name]
    return isUnsaid(value) || value === USUAL[name] ? [] : [[name, value]]
  })
}

/** As a configuration leaves it, or as the provider reads back what was left so. */
function isUnsaid(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === null || value === '' || value === false
}

function mountOf(mount: Tree): unknown[] {
  const { type, source, target } = mount
  const options = first(mount['volume_options'])
  const other = [...rows(mount['bind_options']), ...rows(mount['tmpfs_options'])]
  const driver = [options['driver_name'] || '', byName(options['driver_options'])]
  return [type, source, target, mount['read_only'] === true, ...driver, other]
}

const byName = (value: unknown): Tree =>
  Object.fromEntries(Object.entries((value ?? {}) as Tree).toSorted(([a], [b]) => (a < b ? -1 : 1)))

const rows = (value: unknown): Tree[] => (Array.isArray(value) ? (value as Tree[]) : [])
const first = (value: unknown): Tree => rows(value)[0] ?? {}
const sorted = (value: unknown): string[] =>
  (Array.isArray(value) ? value : []).map((one) => JSON.stringify(one)).toSorted()

export const facets = (values: Record<string, unknown>): Facets =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, JSON.stringify(value ?? null)]),
  )
