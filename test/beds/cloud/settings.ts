/** The configuration of each service: what differs from its defaults, all on one loopback address. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CloudPlace } from './place.ts'
import { REGION } from './place.ts'

/** Of everything inside the cloud: it listens on loopback, holds nothing and is gone with its test. */
export const PASSWORD = 'bed-of-tests'

export const PORTS = {
  database: 3306,
  queue: 5672,
  identity: 5000,
  compute: 8774,
  'block-storage': 8776,
  placement: 8778,
  image: 9292,
  network: 9696,
} as const

export const DATABASES = [
  ...['keystone', 'glance', 'neutron', 'cinder', 'placement'],
  ...['nova', 'nova_api', 'nova_cell0'],
]

const databaseUrl = ({ address }: CloudPlace, name: string): string =>
  `mysql+pymysql://bed:${PASSWORD}@${address}:${PORTS.database}/${name}?charset=utf8`

const queueUrl = ({ address }: CloudPlace): string =>
  `rabbit://guest:guest@${address}:${PORTS.queue}/`

type Sections = Record<string, Record<string, string | number>>

function ini(sections: Sections): string {
  return Object.entries(sections)
    .map(([name, values]) => [
      `[${name}]`,
      ...Object.entries(values).map(([key, value]) => `${key} = ${value}`),
    ])
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n')
}

export const settingsFolder = ({ folder }: CloudPlace): string => join(folder, 'etc')

/** @param venv where the packages are: some of their files must lie beside the configuration */
export function writeSettings(place: CloudPlace, venv: string): void {
  const etc = settingsFolder(place)
  const all = {
    keystone: keystone(place),
    glance: glance(place),
    placement: placement(place),
    neutron: neutron(place),
    cinder: cinder(place),
    nova: nova(place),
  }
  for (const [service, sections] of Object.entries(all)) {
    mkdirSync(join(etc, service), { recursive: true })
    const name = service === 'glance' ? 'glance-api' : service
    writeFileSync(join(etc, service, `${name}.conf`), ini(sections))
  }
  for (const file of ['glance/glance-api-paste.ini', 'neutron/api-paste.ini', 'nova/api-paste.ini'])
    copyFileSync(join(venv, 'etc', file), join(etc, file))
  for (const file of ['cinder/api-paste.ini', 'cinder/resource_filters.json'])
    copyFileSync(join(venv, 'etc', file), join(etc, file))
}

/** A service's own user, as it signs in at the others. */
const signIn = ({ address }: CloudPlace) => ({
  ...{ auth_type: 'password', auth_url: `http://${address}:${PORTS.identity}/v3` },
  ...{ username: 'svc', password: PASSWORD, project_name: 'service' },
  ...{ user_domain_name: 'Default', project_domain_name: 'Default', region_name: REGION },
})

const tokens = (place: CloudPlace) => ({
  ...signIn(place),
  www_authenticate_uri: `http://${place.address}:${PORTS.identity}/`,
  service_token_roles_required: 'true',
})

/** Few connections: there are many processes, and one database. */
const store = (place: CloudPlace, name: string) => ({
  ...{ connection: databaseUrl(place, name), max_pool_size: 4, max_overflow: 8 },
})

const locks = ({ folder }: CloudPlace) => ({
  oslo_concurrency: { lock_path: join(folder, 'locks') },
})

/**
 * On a busy machine a service's sign of life may be late for longer than the usual minute, and an answer too: nobody is to be taken
 * for dead here, or a server ends in ERROR for a cause that no cloud had.
 */
const common = (place: CloudPlace) => ({
  ...{ debug: 'false', host: 'bed', my_ip: place.address },
  ...{ service_down_time: 900, rpc_response_timeout: 240 },
})

const keystone = (place: CloudPlace): Sections => ({
  DEFAULT: { debug: 'false' },
  database: store(place, 'keystone'),
  token: { provider: 'fernet' },
  fernet_tokens: { key_repository: join(place.folder, 'data', 'fernet') },
  fernet_receipts: { key_repository: join(place.folder, 'data', 'fernet') },
  credential: { key_repository: join(place.folder, 'data', 'credential') },
  identity: { password_hash_rounds: 4 },
})

const glance = (place: CloudPlace): Sections => {
  const images = join(place.folder, 'data', 'images')
  return {
    DEFAULT: { debug: 'false', enabled_backends: 'f:file' },
    database: store(place, 'glance'),
    glance_store: { default_backend: 'f' },
    f: { filesystem_store_datadir: images },
    os_glance_staging_store: { filesystem_store_datadir: join(place.folder, 'data', 'staging') },
    os_glance_tasks_store: { filesystem_store_datadir: join(place.folder, 'data', 'tasks') },
    keystone_authtoken: tokens(place),
    paste_deploy: { flavor: 'keystone' },
    ...locks(place),
  }
}

const placement = (place: CloudPlace): Sections => ({
  DEFAULT: { debug: 'false' },
  placement_database: store(place, 'placement'),
  api: { auth_strategy: 'keystone' },
  keystone_authtoken: tokens(place),
})

/** Without agents: nobody listens to its messages, and no packet is carried. */
const neutron = (place: CloudPlace): Sections => ({
  DEFAULT: {
    ...{ debug: 'false', core_plugin: 'ml2', service_plugins: 'router', auth_strategy: 'keystone' },
    ...{ transport_url: 'fake://', dhcp_agent_notification: 'false' },
    ...{ notify_nova_on_port_status_changes: 'false', notify_nova_on_port_data_changes: 'false' },
    ...{ api_workers: 0, rpc_workers: 0, state_path: join(place.folder, 'neutron') },
    api_paste_config: join(settingsFolder(place), 'neutron', 'api-paste.ini'),
  },
  database: store(place, 'neutron'),
  keystone_authtoken: tokens(place),
  nova: signIn(place),
  placement: signIn(place),
  ml2: {
    ...{ type_drivers: 'flat,vxlan', tenant_network_types: 'vxlan', mechanism_drivers: 'bed' },
    extension_drivers: 'port_security',
  },
  ml2_type_flat: { flat_networks: 'public' },
  ml2_type_vxlan: { vni_ranges: '1:10000' },
  quotas: { quota_network: 100, quota_port: 2000, quota_router: 50, quota_security_group: 100 },
  ...locks(place),
})

const cinder = (place: CloudPlace): Sections => ({
  DEFAULT: {
    ...{ ...common(place), transport_url: queueUrl(place), auth_strategy: 'keystone' },
    ...{ enabled_backends: 'bed', default_volume_type: 'bed' },
    ...{ state_path: join(place.folder, 'cinder'), glance_api_servers: imageUrl(place) },
    api_paste_config: join(settingsFolder(place), 'cinder', 'api-paste.ini'),
    resource_query_filters_file: join(settingsFolder(place), 'cinder', 'resource_filters.json'),
  },
  database: store(place, 'cinder'),
  keystone_authtoken: tokens(place),
  service_user: { ...signIn(place), send_service_user_token: 'true' },
  nova: signIn(place),
  bed: { volume_driver: 'labplan_bed.volume.VolumeDriver', volume_backend_name: 'bed' },
  coordination: { backend_url: `file://${join(place.folder, 'cinder', 'coordination')}` },
  ...locks(place),
})

const imageUrl = ({ address }: CloudPlace): string => `http://${address}:${PORTS.image}`

/** The hypervisor is nova's own fake: a server is what the API says of it, and its user_data is never run. */
const nova = (place: CloudPlace): Sections => ({
  DEFAULT: {
    ...{ ...common(place), transport_url: queueUrl(place), compute_driver: 'fake.FakeDriver' },
    ...{ state_path: join(place.folder, 'nova'), instances_path: join(place.folder, 'instances') },
    ...{ vif_plugging_is_fatal: 'false', vif_plugging_timeout: 0, enabled_apis: 'osapi_compute' },
    ...{ cpu_allocation_ratio: 16, ram_allocation_ratio: 16, disk_allocation_ratio: 64 },
  },
  api: { auth_strategy: 'keystone' },
  database: store(place, 'nova'),
  api_database: store(place, 'nova_api'),
  keystone_authtoken: tokens(place),
  service_user: { ...signIn(place), send_service_user_token: 'true' },
  placement: signIn(place),
  neutron: signIn(place),
  // Nova reads a region of volumes by this name alone; without it, it takes any, also one that is down.
  cinder: { ...signIn(place), os_region_name: REGION, catalog_info: 'block-storage::publicURL' },
  glance: { api_servers: imageUrl(place) },
  scheduler: { discover_hosts_in_cells_interval: 5, workers: 1 },
  conductor: { workers: 1 },
  ...locks(place),
})

export { databaseUrl, queueUrl }
