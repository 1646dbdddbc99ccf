/**
 * What this installation is made of: folders, ports and addresses. A variable given once to scripts/up is
 * remembered in LABPLAN_HOME/choices.json, so that --stop, --status, --wipe and the next start need it no more.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { FarEngine } from '../../workers/swarm/engine-way.ts'
import { CannotGoOn } from './step.ts'

const PORT_NAMES = ['api', 'gateway', 'lms', 'registry', 'postgres'] as const
type PortName = (typeof PORT_NAMES)[number]
export type Ports = Record<PortName, number>

const FIRST_PORT = 7080

/** What a person may choose. Everything else is derived. */
const CHOICES = [
  'LABPLAN_PORTS',
  'LABPLAN_CACHE',
  'LABPLAN_PUBLIC_URL',
  'LABPLAN_API_LISTEN',
  'LABPLAN_SEAT_URL',
  'LABPLAN_GATEWAY_LISTEN',
  'LABPLAN_REGISTRY',
  'LABPLAN_KEY_FILE',
  'LABPLAN_OPERATOR_TOKEN_FILE',
  'LABPLAN_TLS_CERT',
  'LABPLAN_TLS_KEY',
  'LABPLAN_TRUST_PROXY',
  'LABPLAN_LMS_NETWORKS',
  'LABPLAN_SMTP_URL',
  'LABPLAN_SMTP_PASSWORD_FILE',
  'LABPLAN_MAIL_FROM',
  'LABPLAN_NOTICE_MAIL',
  'LABPLAN_NOTICE_WEBHOOK',
  'LABPLAN_NOTICE_SECRET_FILE',
  'LABPLAN_NOTICE_NETWORKS',
  'LABPLAN_ESTATE',
  'LABPLAN_FORGE',
  'LABPLAN_FORGE_URL',
  'LABPLAN_FORGE_TOKEN_FILE',
  'LABPLAN_STORAGE_BACKEND',
  'LABPLAN_STORAGE_FREE_MB',
  'LABPLAN_STORAGE_ROOT',
  'LABPLAN_CEPH_CONF',
  'LABPLAN_CEPH_CLIENT',
  'LABPLAN_CEPH_FS',
  'LABPLAN_CEPH_GROUP',
  'LABPLAN_CLOUD_FILE',
  'LABPLAN_CLOUD_REGION',
  'LABPLAN_SHARE_TYPE',
  'LABPLAN_LOG_LEVEL',
  'LABPLAN_PROVIDER_MIRROR',
  'LABPLAN_RUN_MEMORY_MB',
  'LABPLAN_RUN_CORES',
  'LABPLAN_PRACTICE',
  'LMS_LISTEN',
  'DATABASE_URL',
  'DOCKER_HOST',
  'DOCKER_TLS_VERIFY',
  'DOCKER_CERT_PATH',
  'LABPLAN_SSH_CONFIG',
  'LABPLAN_MANAGERS',
  'TERRAFORM_BINARY_NAME',
] as const
export type Choices = Partial<Record<(typeof CHOICES)[number], string>>

export type Settings = {
  root: string
  home: string
  cache: string
  logs: string
  ports: Ports
  choices: Choices
  /** Where the engine is spoken to: `unix://` or `tcp://`. Its own way, when it is behind SSH or TLS. */
  dockerHost: string
  /** The engine that this way leads to. */
  farEngine?: FarEngine
  registry: string
  publicUrl: string
  seatUrl: string
  lmsUrl: string
  /** Whether the practice LMS and its class are part of this installation. */
  practice: boolean
  mirror: string
}

export const root = resolve(import.meta.dirname, '..', '..')

export function readSettings(env: NodeJS.ProcessEnv = process.env): Settings {
  const home = resolve(env.LABPLAN_HOME ?? join(root, '.labplan'))
  const choices = withoutEmpty({ ...remembered(home), ...given(env) })
  const ports = listenedPorts(choices)
  const cache = resolve(choices.LABPLAN_CACHE ?? join(homedir(), '.cache', 'labplan'))
  return {
    root,
    home,
    cache,
    logs: join(home, 'log'),
    ports,
    choices,
    ...engineOf(home, choices),
    registry: choices.LABPLAN_REGISTRY ?? `127.0.0.1:${ports.registry}`,
    publicUrl: choices.LABPLAN_PUBLIC_URL ?? `http://labplan.localhost:${ports.api}`,
    seatUrl: choices.LABPLAN_SEAT_URL ?? `http://seats.localhost:${ports.gateway}`,
    lmsUrl: `http://lms.localhost:${ports.lms}`,
    // It speaks plain HTTP on loopback: not a neighbour for an installation with a certificate.
    practice: choices.LABPLAN_PRACTICE !== '0' && !choices.LABPLAN_TLS_CERT,
    mirror: resolve(choices.LABPLAN_PROVIDER_MIRROR ?? join(cache, 'mirror')),
  }
}

const LOCAL_ENGINE = 'unix:///var/run/docker.sock'

/** As Docker's own command line reads these variables. */
function engineOf(home: string, choices: Choices): Pick<Settings, 'dockerHost' | 'farEngine'> {
  const host = choices.DOCKER_HOST ?? LOCAL_ENGINE
  const isTls = choices.DOCKER_TLS_VERIFY !== undefined && host.startsWith('tcp://')
  if (!isTls && !host.startsWith('ssh://')) return { dockerHost: host }
  const certs = resolve(choices.DOCKER_CERT_PATH ?? join(homedir(), '.docker'))
  const sshConfig = choices.LABPLAN_SSH_CONFIG
  return {
    dockerHost: `unix://${join(home, 'run', 'engine.sock')}`,
    farEngine: { dockerHost: host, certs, ...(sshConfig && { sshConfig: resolve(sshConfig) }) },
  }
}

/** The range, unless one part was told to listen elsewhere. */
function listenedPorts(choices: Choices): Ports {
  const ports = parsePorts(choices.LABPLAN_PORTS ?? `${FIRST_PORT}`)
  return {
    ...ports,
    api: portOf(choices.LABPLAN_API_LISTEN) ?? ports.api,
    gateway: portOf(choices.LABPLAN_GATEWAY_LISTEN) ?? ports.gateway,
    lms: portOf(choices.LMS_LISTEN) ?? ports.lms,
    registry: portOf(choices.LABPLAN_REGISTRY) ?? ports.registry,
  }
}

/** Where something that listens at ADDRESS:PORT is reached from this machine. */
export function hostOf(listen: string | undefined): string {
  const host = listen?.slice(0, listen.lastIndexOf(':'))
  return host === undefined || host === '0.0.0.0' ? '127.0.0.1' : host
}

function portOf(listen: string | undefined): number | undefined {
  return listen === undefined ? undefined : Number(listen.split(':').at(-1))
}

/** `7080-7084`, `7080` (and the four after it), or five ports with commas: api, gateway, practice LMS, registry, PostgreSQL. */
export function parsePorts(text: string): Ports {
  const range = /^(\d+)(?:-(\d+))?$/.exec(text.trim())
  const first = Number(range?.[1])
  const numbers = range ? PORT_NAMES.map((_, i) => first + i) : text.split(',').map(Number)
  const whole = !range?.[2] || Number(range[2]) === first + PORT_NAMES.length - 1
  const valid = numbers.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)
  if (!whole || !valid || new Set(numbers).size !== PORT_NAMES.length)
    throw new CannotGoOn(
      `LABPLAN_PORTS=${text} is not five ports: write a range such as 7180-7184, or five numbers with commas.`,
    )
  return Object.fromEntries(PORT_NAMES.map((name, i) => [name, numbers[i]])) as Ports
}

function given(env: NodeJS.ProcessEnv): Choices {
  const names = CHOICES.filter((name) => env[name] !== undefined)
  return Object.fromEntries(names.map((name) => [name, env[name]]))
}

/** An empty value takes a remembered choice back: `DATABASE_URL= scripts/up`. */
function withoutEmpty(choices: Choices): Choices {
  return Object.fromEntries(Object.entries(choices).filter(([, value]) => value))
}

function remembered(home: string): Choices {
  return (readJson(join(home, 'choices.json')) ?? {}) as Choices
}

/** All of them; or, while it is not known whether the rest works, only where things are, so that --wipe finds them. */
export function rememberChoices({ home, choices }: Settings, which: 'all' | 'places'): void {
  const kept = which === 'all' ? choices : { ...remembered(home), ...placesOf(choices) }
  writeJson(join(home, 'choices.json'), kept)
}

function placesOf(choices: Choices): Choices {
  const places = [
    ...['DOCKER_HOST', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH', 'LABPLAN_SSH_CONFIG'],
    // Where the same Swarm is found else: as its first address, also after a start that came to no end.
    'LABPLAN_MANAGERS',
    ...['LABPLAN_PORTS', 'LABPLAN_REGISTRY', 'LABPLAN_CACHE'],
  ]
  return Object.fromEntries(Object.entries(choices).filter(([name]) => places.includes(name)))
}

export function readJson(file: string): unknown {
  if (!existsSync(file)) return undefined
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    throw new CannotGoOn(
      `${file} is not readable as JSON: restore it or remove it, then run this again.`,
    )
  }
}

/** Written whole or not at all, readable by its owner only. */
export function writeJson(file: string, value: unknown): void {
  writePrivate(file, `${JSON.stringify(value, null, 2)}\n`)
}

export function writePrivate(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, text, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
