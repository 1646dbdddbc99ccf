/** The configuration of Manila: what differs from its defaults. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CephBed } from '../ceph.ts'
import type { CloudRecord } from './place.ts'
import { databaseUrl, queueUrl, settingsFolder } from './settings.ts'

/** Of one section, as it is written for a service that begins with the cloud. */
function sectionOf(record: CloudRecord, name: string): string {
  const text = readFileSync(join(settingsFolder(record), 'cinder', 'cinder.conf'), 'utf8')
  const found = text.split(/^(?=\[)/m).find((section) => section.startsWith(`[${name}]`))
  if (!found) throw new Error(`Block storage has no section ${name}.`)
  return found
}

/**
 * It signs in as block storage does; what else differs from its defaults. Its scheduler does not count what is left: between two looks,
 * a minute apart, it takes each share's whole size off what is free, and Ceph's disk here has room for seven of one GiB so. Then
 * nobody needs what is promised to be added up from each share every minute.
 */
export function sharesSettings(record: CloudRecord, ceph: Pick<CephBed, 'configFile'>): string {
  return `[DEFAULT]
debug = false
host = bed
my_ip = ${record.address}
transport_url = ${queueUrl(record)}
auth_strategy = keystone
service_down_time = 900
rpc_response_timeout = 240
scheduler_default_filters = AvailabilityZoneFilter,CapabilitiesFilter
enabled_share_backends = ceph
enabled_share_protocols = CEPHFS
state_path = ${join(record.folder, 'manila')}
api_paste_config = ${join(settingsFolder(record), 'manila', 'api-paste.ini')}

[database]
connection = ${databaseUrl(record, 'manila')}
max_pool_size = 4
max_overflow = 8

[ceph]
share_driver = manila.share.drivers.cephfs.driver.CephFSDriver
share_backend_name = ceph
driver_handles_share_servers = false
cephfs_protocol_helper_type = CEPHFS
cephfs_conf_path = ${ceph.configFile}
cephfs_auth_id = manila
cephfs_cluster_name = ceph
cephfs_filesystem_name = cephfs
cephfs_cached_allocated_capacity_update_interval = 86400

[coordination]
backend_url = file://${join(record.folder, 'manila', 'coordination')}

${sectionOf(record, 'keystone_authtoken')}
${sectionOf(record, 'oslo_concurrency')}`
}
