/**
 * What does a cloud's refusal mean? Texts of Terraform's OpenStack provider (gophercloud), of OpenStack's services and of our
 * own calls → a named cause with its numbers. Pure; the sentences are the catalogue's, under `cloud.trouble.`.
 */
import type { BlueprintCloud } from '../blueprint.ts'
import { regionId } from '../parts/names.ts'

/** `code` is told as `cloud.trouble.CODE`, and what to do about it as `cloud.trouble.CODE.do`. */
export type CloudTrouble = {
  code: CloudTroubleCode
  params: Record<string, string | number>
}

export type CloudTroubleCode =
  | 'quota' // resource, asked, used, limit, missing, needed
  | 'quota-reached' // resource: the cloud does not say how much
  | 'no-valid-host'
  | 'build-failed' // reason
  | 'image-missing' // name
  | 'flavour-missing' // name
  | 'network-missing' // name
  | 'base-missing'
  | 'zone-missing' // name
  | 'credential'
  | 'not-allowed' // reason
  | 'rate-limit' // waitSeconds: 0 when the cloud does not say
  | 'region-down' // what
  | 'region-unknown' // what

/** Whose remedy is a person's, not time's: told at once, and no later try helps before. */
export const needsPerson = ({ code }: CloudTrouble): boolean =>
  !['no-valid-host', 'build-failed', 'rate-limit', 'region-down'].includes(code)

const OF_A_REGION: CloudTroubleCode[] = [
  ...(['quota', 'quota-reached', 'no-valid-host', 'build-failed', 'region-down'] as const),
  ...(['image-missing', 'flavour-missing', 'network-missing', 'zone-missing'] as const),
  'region-unknown',
]

/** Whether another region might do what this one refuses; the entry of a cloud is the same for all. */
export const isOfRegion = ({ code, params }: CloudTrouble): boolean =>
  OF_A_REGION.includes(code) && params['what'] !== 'identity'

/** Seen to be over by asking it; all others by trying. */
export const isSilence = (code: string): boolean =>
  code === 'region-down' || code === 'region-unknown'

/** One way to tell a cause: undefined where the text is none of its. */
type Reading = (text: string, cloud: BlueprintCloud | undefined) => CloudTrouble | undefined

/**
 * The first that fits: those with numbers first, then the narrow, then the wide.
 * @param cloud of the pool: knows the names of what a text only hints at
 */
export function readCloudTrouble(
  text: string | null,
  cloud: BlueprintCloud | undefined,
): CloudTrouble | undefined {
  if (text === null) return undefined
  for (const reading of READINGS) {
    const trouble = reading(text, cloud)
    if (trouble) return trouble
  }
  return undefined
}

function when(
  pattern: RegExp,
  tell: (found: Record<string, string>, cloud: BlueprintCloud | undefined) => CloudTrouble,
): Reading {
  return (text, cloud) => {
    const found = pattern.exec(text)
    return found ? tell({ ...found.groups }, cloud) : undefined
  }
}

const plain = (code: CloudTroubleCode, params: CloudTrouble['params'] = {}): CloudTrouble => ({
  ...{ code, params },
})

/** Of several resources in one refusal (`cores, instances`), with a number for each. */
function quota(resource: string, asked: number, used: number, limit: number): CloudTrouble {
  const needed = used + asked
  return plain('quota', { resource, asked, used, limit, needed, missing: needed - limit })
}

const numbers = (text = ''): number[] => text.split(', ').map(Number)

/** nova: the one of several that is exceeded most stands for all of them. */
function novaQuota(found: Record<string, string>): CloudTrouble {
  const [asked, used, limits] = [found.asked, found.used, found.limits].map(numbers)
  const all = (found.resources ?? '')
    .split(', ')
    .map((resource, i) => quota(resource, asked?.[i] ?? 0, used?.[i] ?? 0, limits?.[i] ?? 0))
  return all.toSorted((a, b) => Number(b.params['missing']) - Number(a.params['missing']))[0]!
}

const QUOTAS: Reading[] = [
  // nova/exception.py, TooManyInstances: a refusal of servers.
  when(
    /Quota exceeded for (?<resources>[\w, ]+): Requested (?<asked>[\d, ]+), but already used (?<used>[\d, ]+) of (?<limits>\d+(?:, \d+)*)/,
    novaQuota,
  ),
  // cinder/exception.py, VolumeSizeExceedsAvailableQuota.
  when(
    /exceeds allowed (?<resource>\w+) quota\. Requested (?<asked>\d+)G, quota is (?<limit>\d+)G and (?<used>\d+)G/,
    ({ resource = '', asked, limit, used }) =>
      quota(resource, Number(asked), Number(used), Number(limit)),
  ),
  // VolumeLimitExceeded: all that there may be are in use.
  when(
    /Maximum number of (?:volumes|snapshots|backups) allowed \((?<limit>\d+)\) exceeded for quota '(?<resource>\w+)'/,
    ({ resource = '', limit }) => quota(resource, 1, Number(limit), Number(limit)),
  ),
  // neutron-lib's OverQuota: no numbers.
  when(/Quota exceeded for resources: \[(?<all>[^\]]+)\]/, ({ all = '' }) =>
    plain('quota-reached', { resource: all.replaceAll(/['" ]/g, '').replaceAll(',', ', ') }),
  ),
  when(
    /Quota exceeded,? (?:too many )?(?<resource>[\w ]+?)(?: in group)?\.?(?:["\\\n(]|$)/,
    (found) => plain('quota-reached', { resource: found.resource ?? '' }),
  ),
]

/** A server that nova gave up: what its fault says, which the provider does not tell (workers/jobs/apply-machines.ts does). */
const FAULTS: Reading[] = [
  when(/No valid host was found/, () => plain('no-valid-host')),
  when(
    /(?<reason>(?:Build of instance \S+ (?:aborted|was re-scheduled):|Exceeded maximum number of retries\.)[^\n"}]*)/,
    ({ reason = '' }) => plain('build-failed', { reason }),
  ),
]

const ACCESS: Reading[] = [
  when(
    /(?:rate.?limit|Too Many Requests|OverLimit|but got 429|\b(?:identity|compute|network|image|block-storage) 429)(?:.*?retry[- ]after:? *(?<wait>\d+))?/is,
    ({ wait }) => plain('rate-limit', { waitSeconds: Number(wait ?? 0) }),
  ),
  when(
    /got 401 instead|\bidentity 40[134]:|Could not find (?:Application Credential|user|project)|Authentication failed|application credential[^.]*expired/i,
    () => plain('credential'),
  ),
  when(/No suitable endpoint could be found in the service catalog/, () =>
    plain('region-unknown', { what: '' }),
  ),
  when(/The cloud offers no (?<service>[\w-]+) in region (?<region>[^\s.]+)/, (found) =>
    plain('region-unknown', { what: `${found.service} ${found.region}` }),
  ),
  when(
    /The cloud's (?<service>[\w-]+) did not answer(?: in region (?<region>[^\s.]+))?/,
    ({ service = '', region }) =>
      plain('region-down', { what: region ? `${region} (${service})` : service }),
  ),
  when(
    /(?:Get|Post|Put|Patch|Delete) \\?"https?:\/\/(?<host>[^/"\\]+)[^"]*\\?": (?:OpenStack connection error|dial tcp|context deadline|EOF|read tcp|net\/http)|accessing \[\w+ https?:\/\/(?<busy>[^/\]]+)[^\]]*\], but got 50[0234] instead|\b(?<service>identity|compute|network|image|block-storage) 50[0234]:/,
    ({ host, busy, service }) => plain('region-down', { what: host ?? busy ?? service ?? '' }),
  ),
]

/** What the provider looked up and did not find: the address of the look says what it was, and where. */
const NOTHING_FOUND = /Your query returned no results[^(]*\(data\./

const MISSING: Reading[] = [
  when(
    new RegExp(`${NOTHING_FOUND.source}openstack_images_image_v2\\.(?<at>\\S+)-image\\)`),
    ({ at }, cloud) => plain('image-missing', { name: regionAt(cloud, at)?.image ?? at ?? '' }),
  ),
  when(
    new RegExp(`${NOTHING_FOUND.source}openstack_networking_network_v2\\.(?<at>\\S+)-outside\\)`),
    ({ at }, cloud) =>
      plain('network-missing', { name: regionAt(cloud, at)?.externalNetwork ?? at ?? '' }),
  ),
  when(new RegExp(`${NOTHING_FOUND.source}openstack_(?:networking|compute)_`), () =>
    plain('base-missing'),
  ),
  when(/Unable to find flavor with name (?<name>[^\s"]+)/, ({ name = '' }) =>
    plain('flavour-missing', { name }),
  ),
  when(/The requested availability zone is not available/, (_, cloud) => {
    const names = cloud?.regions.flatMap(({ availabilityZones }) => availabilityZones) ?? []
    return plain('zone-missing', { name: [...new Set(names)].join(', ') })
  }),
]

const regionAt = (cloud: BlueprintCloud | undefined, at: string | undefined) =>
  cloud?.regions.find(({ name }) => regionId(name) === at)

/** The last of all: a 403 that is no quota. */
const REFUSED: Reading[] = [
  when(/(?:got 403 instead: |\b\w+ 403: )(?<reason>.{0,300})/s, ({ reason = '' }) =>
    plain('not-allowed', { reason: /"message": ?"([^"]*)"/.exec(reason)?.[1] ?? reason }),
  ),
]

const READINGS: Reading[] = [...QUOTAS, ...FAULTS, ...MISSING, ...ACCESS, ...REFUSED]
