/** Files, programs and disk of this machine. */
import { X509Certificate } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { keyRing } from '../../api/data/key-ring.ts'
import type { Settings } from '../steps/settings.ts'
import { run } from '../steps/shell.ts'
import { LEFT_STATES } from '../../workers/terraform/workdir.ts'
import { type Look, type Looks, bad, doubtful, good, listed, reason } from './look.ts'
import type { World } from './world.ts'

const WAIT_MS = 9_000
const GB = 1e9
const DISK_BAD_BYTES = 1 * GB
const DISK_DOUBTFUL_BYTES = 5 * GB
const DAY_MS = 86_400_000
const RENEW_DAYS = 14

export async function machineLooks(
  settings: Settings,
  variables: Record<string, string>,
  world: World,
): Promise<Looks> {
  const { home, choices } = settings
  const tokenFile = choices.LABPLAN_OPERATOR_TOKEN_FILE ?? join(home, 'operator-token')
  return [
    ['Disk', await diskLook(settings, world)],
    ['Key ring', keyRingLook(keyFileOf(settings))],
    ['Operator token', privateLook(tokenFile, 'Run scripts/up, which makes it.')],
    ['Terraform', await terraformLook(variables['TERRAFORM_BINARY_NAME'] ?? 'terraform')],
    ['Provider mirror', await mirrorLook(settings.mirror)],
    ['States', statesLook(home, world.now())],
    ...certificateLooks(settings, world),
  ]
}

export const keyFileOf = ({ home, choices }: Settings): string =>
  choices.LABPLAN_KEY_FILE ?? join(home, 'keys.json')

async function diskLook({ home, cache }: Settings, world: World): Promise<Look> {
  const folders = [home, cache].filter((folder) => existsSync(folder))
  const free = await Promise.all(folders.map((folder) => world.freeBytes(folder)))
  const least = Math.min(...free)
  const folder = folders[free.indexOf(least)] ?? home
  const says = `${folder} has ${(least / GB).toFixed(1)} GB free`
  const todo = 'Free some: old images in the registry and in the engine (docker system df) first.'
  if (least < DISK_BAD_BYTES) return bad(says, todo)
  if (least < DISK_DOUBTFUL_BYTES) return doubtful(says, todo)
  return good(`${(least / GB).toFixed(0)} GB free`)
}

function keyRingLook(file: string): Look {
  const restore = 'Restore it from a backup: nothing sealed can be read without.'
  if (!existsSync(file)) return bad(`${file} is missing`, restore)
  try {
    keyRing(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    return bad(`${file}: ${reason(error)}`, restore)
  }
  return privateLook(file, restore)
}

/** There, readable, and by nobody else. */
function privateLook(file: string, todo: string): Look {
  if (!existsSync(file)) return bad(`${file} is missing`, todo)
  if ((statSync(file).mode & 0o077) !== 0)
    return bad(`${file} can be read by others`, `chmod 600 ${file}`)
  return good('readable, private')
}

async function terraformLook(program: string): Promise<Look> {
  const todo = 'Set TERRAFORM_BINARY_NAME to a Terraform or OpenTofu, or run scripts/up.'
  const { status, output } = await run([program, 'version'], { timeoutMs: WAIT_MS })
  if (status !== 0) return bad(`${program} does not run`, todo)
  const version = /^(?:Terraform|OpenTofu) v.*$/m.exec(output)?.[0] ?? 'runs'
  return good(`${version} (${program})`)
}

/** A provider that is started by hand says that it is a plugin; one that was cut or replaced does not. */
async function mirrorLook(mirror: string): Promise<Look> {
  const todo = `Make it again: remove ${mirror} and run scripts/providers.`
  const found = globSync('registry.terraform.io/*/*/*/*/terraform-provider-*', { cwd: mirror })
  if (!found.some((path) => path.includes('/docker/')))
    return bad(`no docker provider in ${mirror}`, 'Make it: scripts/providers (scripts/up does).')
  const answers = await Promise.all(
    found.map((path) => run([join(mirror, path)], { timeoutMs: WAIT_MS })),
  )
  const broken = found.filter((_, i) => !answers[i]?.output.includes('This binary is a plugin'))
  if (broken.length > 0) return bad(`${listed(broken)}: not a provider that runs`, todo)
  return good(`${found.length} provider${found.length === 1 ? '' : 's'}, each starts`)
}

/** So long a run that is tried again may take to deliver the state that the one before could not. */
const DELIVERED_WITHIN_MS = 10 * 60_000

function statesLook(home: string, now: Date): Look {
  const isLeft = (file: string) => now.getTime() - statSync(file).mtimeMs > DELIVERED_WITHIN_MS
  const left = globSync(LEFT_STATES, { cwd: home })
    .map((path) => join(home, path))
    .filter(isLeft)
  if (left.length === 0) return good('none that Terraform left behind')
  return doubtful(
    `Terraform left ${listed(left)}, and it could not be kept`,
    'It may name what nothing else does: see "A state that could not be kept" in docs/runs.md.',
  )
}

function certificateLooks({ choices, publicUrl, seatUrl }: Settings, world: World): Looks {
  const file = choices.LABPLAN_TLS_CERT
  if (!file) return []
  return [['Certificate', certificateLook(file, { publicUrl, seatUrl }, world.now())]]
}

/** For the site's name, and for any name before the seats'. */
export function certificateLook(
  file: string,
  urls: { publicUrl: string; seatUrl: string },
  now: Date,
): Look {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(readFileSync(file))
  } catch (error) {
    return bad(`${file}: ${reason(error)}`, 'Set LABPLAN_TLS_CERT to a PEM file that is readable.')
  }
  const until = new Date(certificate.validTo)
  const day = until.toISOString().slice(0, 10)
  if (until <= now) return bad(`expired on ${day}`, 'Renew it, then run scripts/up again.')
  const names = [new URL(urls.publicUrl).hostname, `any.${new URL(urls.seatUrl).hostname}`]
  const wrong = names.filter((name) => !certificate.checkHost(name))
  if (wrong.length > 0)
    return bad(
      `not for ${wrong.map((name) => name.replace(/^any\./, '*.')).join(' and ')}`,
      'Get one that names both hosts, and *. before the second (docs/configuration.md).',
    )
  const days = Math.floor((until.getTime() - now.getTime()) / DAY_MS)
  if (days < RENEW_DAYS)
    return doubtful(`ends in ${days} days, on ${day}`, 'Renew it, then run scripts/up again.')
  return good(`valid until ${day}`)
}
