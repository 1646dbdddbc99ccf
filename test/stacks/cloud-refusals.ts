/**
 * Refusals as they were said, word for word but for ids and addresses: what a run's message is made of. `bed`: by the services
 * of test/beds/openstack (OpenStack 2026.2) through the provider 3.4.0 or our own client, each provoked there. Others
 * cannot be provoked there; their source is said.
 */
import type { CloudTrouble } from '../../stacks/rules/cloud-trouble.ts'

export type Refusal = { what: string; source: string; text: string; trouble: CloudTrouble }

const SERVERS =
  'Terraform could not apply: Error creating OpenStack server: Expected HTTP response code [200 202] when accessing [POST http://10.0.0.1:8774/v2.1/servers], but got'
const ERROR =
  "Terraform could not apply: Error waiting for instance (5ab65dac-7694-4858-96a6-2849e1f3b922) to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'. last error: %!s(<nil>) (openstack_compute_instance_v2.m-large-1)"
const TOKENS =
  'Terraform could not plan: Error creating OpenStack networking client: Expected HTTP response code [201 202] when accessing [POST http://10.0.0.1:5000/v3/auth/tokens], but got'
const bed = (what: string, text: string, code: CloudTrouble['code'], params = {}): Refusal => ({
  ...{ what, source: 'bed', text, trouble: { code, params } },
})
const read = (
  what: string,
  source: string,
  text: string,
  code: CloudTrouble['code'],
  params = {},
): Refusal => ({ ...{ what, source, text, trouble: { code, params } } })

export const refusals: Refusal[] = [
  bed(
    'a quota of machines',
    `${SERVERS} 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1, but already used 0 of 0 instances"}} (openstack_compute_instance_v2.m-large-1)`,
    'quota',
    { resource: 'instances', asked: 1, used: 0, limit: 0, needed: 1, missing: 1 },
  ),
  bed(
    'a quota of cores',
    `${SERVERS} 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 4, but already used 0 of 1 cores"}} (openstack_compute_instance_v2.m-large-1)`,
    'quota',
    { resource: 'cores', asked: 4, used: 0, limit: 1, needed: 4, missing: 3 },
  ),
  bed(
    'a quota of memory',
    `${SERVERS} 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for ram: Requested 8192, but already used 0 of 100 ram"}} (openstack_compute_instance_v2.m-large-1)`,
    'quota',
    { resource: 'ram', asked: 8192, used: 0, limit: 100, needed: 8192, missing: 8092 },
  ),
  read(
    'several quotas at once: the one that lacks most',
    'nova 34, nova/compute/api.py: resources and numbers are joined by commas',
    `${SERVERS} 403 instead: {"forbidden": {"code": 403, "message": "Quota exceeded for cores, instances: Requested 16, 1, but already used 60, 10 of 64, 10 cores, instances"}}`,
    'quota',
    { resource: 'cores', asked: 16, used: 60, limit: 64, needed: 76, missing: 12 },
  ),
  bed(
    'a quota of disks: a fault of the server, which the provider does not tell',
    "Terraform could not apply: Error waiting for instance (22de03cb-6a80-4023-8714-6f81fa871bcc) to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'. last error: %!s(<nil>) (openstack_compute_instance_v2.m-large-1) The cloud says of m-large-1: Build of instance 22de03cb-6a80-4023-8714-6f81fa871bcc aborted: VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 10G, quota is 5G and 0G has been consumed.",
    'quota',
    { resource: 'gigabytes', asked: 10, used: 0, limit: 5, needed: 10, missing: 5 },
  ),
  bed(
    'a quota of how many disks',
    "Terraform could not apply: Error waiting for instance (bd63584e-e353-438d-ae47-978b4bbd59a8) to become ready: unexpected state 'ERROR', wanted target 'ACTIVE'. last error: %!s(<nil>) (openstack_compute_instance_v2.m-large-1) The cloud says of m-large-1: Build of instance bd63584e-e353-438d-ae47-978b4bbd59a8 aborted: VolumeLimitExceeded: Maximum number of volumes allowed (0) exceeded for quota 'volumes'.",
    'quota',
    { resource: 'volumes', asked: 1, used: 0, limit: 0, needed: 1, missing: 1 },
  ),
  bed(
    'a quota of the network, without numbers',
    `Terraform could not apply: Error creating openstack_networking_network_v2: Expected HTTP response code [201 202] when accessing [POST http://10.0.0.1:9696/v2.0/networks], but got 409 instead: {"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['network'].", "detail": ""}} (openstack_networking_network_v2.r-north)`,
    'quota-reached',
    { resource: 'network' },
  ),
  bed(
    'every host closed',
    `${ERROR} The cloud says of m-large-1: No valid host was found.`,
    'no-valid-host',
  ),
  bed(
    'a hypervisor that gives up at once (nova’s FakeBuildAbortDriver)',
    `${ERROR} The cloud says of m-large-1: Build of instance 3590e92e-be6e-4d53-93f9-78118c96a839 aborted: FakeBuildAbortDriver`,
    'build-failed',
    {
      reason:
        'Build of instance 3590e92e-be6e-4d53-93f9-78118c96a839 aborted: FakeBuildAbortDriver',
    },
  ),
  bed(
    'hypervisors that give up one after the other (nova’s FakeRescheduleDriver)',
    `${ERROR} The cloud says of m-large-1: Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance deb7ea26-92ed-49bf-9c77-cdb893f9ba2b.`,
    'build-failed',
    {
      reason:
        'Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance deb7ea26-92ed-49bf-9c77-cdb893f9ba2b.',
    },
  ),
  bed(
    'the network service stopped, heard of compute by our own look',
    `compute 500: {"computeFault": {"code": 500, "message": "Unexpected API Error. Please contact the administrator\\n<class 'keystoneauth1.exceptions.connection.ConnectFailure'>"}}`,
    'region-down',
    { what: 'compute' },
  ),
  bed(
    'the image service stopped, heard by the provider',
    'Terraform could not plan: Unable to query images: Get "http://10.0.0.1:9292/v2/images?name=labplan-node&sort=name%3Aasc&status=active": OpenStack connection error, retries exhausted. Aborting. Last error was: dial tcp 10.0.0.1:9292: connect: connection refused (data.openstack_images_image_v2.r-north-image)',
    'region-down',
    { what: '10.0.0.1:9292' },
  ),
  bed(
    'an image that is not there',
    'Terraform could not plan: Your query returned no results. Please change your search criteria and try again. (data.openstack_images_image_v2.r-north-image)',
    'image-missing',
    { name: 'labplan-node' },
  ),
  bed(
    'a size that is not there',
    'Terraform could not apply: Unable to find flavor with name m9.huge (openstack_compute_instance_v2.m-large-1)',
    'flavour-missing',
    { name: 'm9.huge' },
  ),
  bed(
    'an outer network that is not there',
    'Terraform could not plan: Your query returned no results. Please change your search criteria and try again. (data.openstack_networking_network_v2.r-north-outside)',
    'network-missing',
    { name: 'public' },
  ),
  read(
    'a network of ours that somebody removed',
    'the same look of the provider as the two before',
    'Terraform could not plan: Your query returned no results. Please change your search criteria and try again. (data.openstack_networking_network_v2.r-north)',
    'base-missing',
  ),
  bed(
    'an availability zone that is not there',
    `${SERVERS} 400 instead: {"badRequest": {"code": 400, "message": "The requested availability zone is not available"}} (openstack_compute_instance_v2.m-large-1)`,
    'zone-missing',
    { name: 'hall-a, hall-b' },
  ),
  bed(
    'a wrong password, heard by our own look',
    'identity 401: {"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}',
    'credential',
  ),
  bed(
    'a wrong password, heard by the provider',
    `${TOKENS} 401 instead: {"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}`,
    'credential',
  ),
  bed(
    'an application credential that was withdrawn',
    `${TOKENS} 404 instead: {"error":{"code":404,"message":"Could not find Application Credential: x.","title":"Not Found"}}`,
    'credential',
  ),
  bed(
    'nobody at the address, heard by our own look',
    "The cloud's identity did not answer.",
    'region-down',
    { what: 'identity' },
  ),
  bed(
    'nobody at the address, heard by the provider',
    'Terraform could not plan: Error creating OpenStack networking client: Post "http://10.0.0.9:5999/v3/auth/tokens": OpenStack connection error, retries exhausted. Aborting. Last error was: dial tcp 10.0.0.9:5999: connect: connection refused',
    'region-down',
    { what: '10.0.0.9:5999' },
  ),
  bed(
    'no such name in the network',
    'Terraform could not plan: Error creating OpenStack networking client: Post "http://cloud.invalid:5000/v3/auth/tokens": OpenStack connection error, retries exhausted. Aborting. Last error was: dial tcp: lookup cloud.invalid on 10.1.0.53:53: no such host',
    'region-down',
    { what: 'cloud.invalid:5000' },
  ),
  read(
    'a service behind a proxy that lost it',
    'gophercloud v2, provider_client.go; haproxy, http.c: its page for 503',
    'Terraform could not plan: Expected HTTP response code [200] when accessing [GET https://network.cloud.example:9696/v2.0/networks], but got 503 instead: <html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>',
    'region-down',
    { what: 'network.cloud.example:9696' },
  ),
  bed(
    'a region that is in no catalogue, heard by our own look',
    'The cloud offers no compute in region Nowhere.',
    'region-unknown',
    { what: 'compute Nowhere' },
  ),
  bed(
    'a region that is in no catalogue, heard by the provider',
    'Terraform could not plan: Error creating OpenStack networking client: No suitable endpoint could be found in the service catalog.',
    'region-unknown',
    { what: '' },
  ),
  read(
    'asked too often, heard by our own look',
    'haproxy, http.c: its page for 429; RFC 9110 §10.2.3',
    'compute 429: <html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html> (Retry-After: 120)',
    'rate-limit',
    { waitSeconds: 120 },
  ),
  bed(
    'asked too often, heard by the provider of the proxy before a service (serve.py)',
    'Terraform could not plan: Unable to query images: Expected HTTP response code [200 204 300] when accessing [GET http://10.0.0.1:9292/v2/images?name=labplan-node&sort=name%3Aasc&status=active], but got 429 instead: <html><body><h1>429 Too Many Requests</h1>\nYou have sent too many requests in a given amount of time.\n</body></html> (data.openstack_images_image_v2.r-north-image)',
    'rate-limit',
    { waitSeconds: 0 },
  ),
  read(
    'asked too often, heard by the provider of a service',
    'gophercloud v2, provider_client.go; nova’s API reference, overLimit',
    `${SERVERS} 429 instead: {"overLimit": {"code": 429, "message": "This request was rate-limited.", "details": "Only 10 POST request(s) can be made to * every minute."}}`,
    'rate-limit',
    { waitSeconds: 0 },
  ),
  read(
    'a role that may not',
    'nova 34, nova/policy.py through oslo.policy',
    `${SERVERS} 403 instead: {"forbidden": {"code": 403, "message": "Policy doesn't allow os_compute_api:servers:create to be performed."}}`,
    'not-allowed',
    { reason: "Policy doesn't allow os_compute_api:servers:create to be performed." },
  ),
]
