/**
 * The environment, read once and validated: the only file of api/ and workers/ that reads process.env.
 */
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { availableParallelism, homedir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import manifest from '../package.json' with { type: 'json' }

/** Of this checkout; processes on other machines may be of another. */
export const VERSION = manifest.version

const listen = z
  .string()
  .regex(/^[^:]+:\d{1,5}$/, 'must be ADDRESS:PORT, for example 127.0.0.1:7080')
  .transform((text) => {
    const [host, port] = text.split(':') as [string, string]
    return { host, port: Number(port) }
  })

/** Networks as `10.0.0.0/8`, separated by commas. */
const networks = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .refine((list) => list.every(isNetwork), 'must be networks like 10.0.0.0/8, with commas between')

function isNetwork(text: string): boolean {
  const [address = '', bits = ''] = text.split('/')
  return (
    isIP(address) > 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128)
  )
}

const mailAddresses = z
  .string()
  .default('')
  .transform((text) => text.split(/[\s,]+/).filter(Boolean))
  .refine(
    (list) => list.every((one) => z.email().safeParse(one).success),
    'must be e-mail addresses, with commas between',
  )

const amount = z.coerce.number('must be a number').positive('must be more than 0')

const cephName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]*$/, 'must be a name, of letters, digits, dots and dashes')

const environment = z.object({
  LABPLAN_HOME: z.string().default(join(import.meta.dirname, '..', '.labplan')),
  LABPLAN_CACHE: z.string().default(join(homedir(), '.cache', 'labplan')),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// address'),
  LABPLAN_INSTALLATION: z.string().regex(/^[a-z0-9]{8}$/, 'must be 8 characters of a-z and 0-9'),
  LABPLAN_PUBLIC_URL: z.url().default('http://labplan.localhost:7080'),
  LABPLAN_API_LISTEN: listen.prefault('127.0.0.1:7080'),
  LABPLAN_SEAT_URL: z.url().default('http://seats.localhost:7081'),
  LABPLAN_GATEWAY_LISTEN: listen.prefault('127.0.0.1:7081'),
  LABPLAN_REGISTRY: z.string().default('127.0.0.1:7083'),
  LABPLAN_KEY_FILE: z.string().optional(),
  LABPLAN_OPERATOR_TOKEN_FILE: z.string().optional(),
  LABPLAN_TLS_CERT: z.string().optional(),
  LABPLAN_TLS_KEY: z.string().optional(),
  LABPLAN_TRUST_PROXY: z.enum(['0', '1']).default('0'),
  /** Private networks where an LMS may be: registration asks nobody else inside ours. */
  LABPLAN_LMS_NETWORKS: networks,
  /** Who is told, and by which way (docs/notices.md). */
  LABPLAN_SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'must be smtp://[USER@]HOST[:PORT] or smtps://…' })
    .optional(),
  LABPLAN_SMTP_PASSWORD_FILE: z.string().optional(),
  LABPLAN_MAIL_FROM: z.email().optional(),
  LABPLAN_NOTICE_MAIL: mailAddresses,
  LABPLAN_NOTICE_WEBHOOK: z.url({ protocol: /^https?$/ }).optional(),
  LABPLAN_NOTICE_SECRET_FILE: z.string().optional(),
  LABPLAN_NOTICE_NETWORKS: networks,
  /** Where the estate is pushed to; a bare repository in LABPLAN_HOME when absent (docs/estate.md). */
  LABPLAN_ESTATE: z.string().min(1).optional(),
  /** The forge that LABPLAN_ESTATE is on, if it is to have merge requests (docs/estate.md). */
  LABPLAN_FORGE: z.enum(['gitlab', 'forgejo', 'gitea', 'github']).optional(),
  LABPLAN_FORGE_URL: z.url({ protocol: /^https?$/ }).optional(),
  LABPLAN_FORGE_TOKEN_FILE: z.string().min(1).optional(),
  /** Of a storage agent: what it keeps volumes with. `none`: it is on another machine (docs/storage-backends.md). */
  LABPLAN_STORAGE_BACKEND: z.enum(['local', 'nfs', 'cephfs', 'manila', 'none']).default('local'),
  /** Where nodes have the volumes that a storage agent keeps, the same on each (docs/storage.md). */
  LABPLAN_STORAGE_ROOT: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Of a storage agent that keeps volumes in Ceph: its configuration, who it is there, and where volumes are. */
  LABPLAN_CEPH_CONF: z
    .string()
    .startsWith('/', 'must be an absolute path')
    .default('/etc/ceph/ceph.conf'),
  LABPLAN_CEPH_CLIENT: cephName.default('labplan'),
  LABPLAN_CEPH_FS: cephName.default('cephfs'),
  LABPLAN_CEPH_GROUP: cephName.default('labplan'),
  /** Of a storage agent whose volumes are shares of a cloud: how that is entered, where in it, and of which type it makes some itself. */
  LABPLAN_CLOUD_FILE: z.string().startsWith('/', 'must be an absolute path').optional(),
  LABPLAN_CLOUD_REGION: z.string().min(1).optional(),
  LABPLAN_SHARE_TYPE: z.string().min(1).optional(),
  /** What stays free on the disk of what is handed in; a twentieth of it, at most 5 GB, when absent. */
  LABPLAN_STORAGE_FREE_MB: z.coerce.number().int().min(0).optional(),
  LABPLAN_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DOCKER_HOST: z.string().default('unix:///var/run/docker.sock'),
  /** Of the worker: other managers of the same Swarm, for when that one is away. */
  LABPLAN_MANAGERS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((each) => each.trim() || []))
    .refine((hosts) => hosts.every((host) => /^(unix:\/\/\/|tcp:\/\/|ssh:\/\/)./.test(host)), {
      error:
        'must be unix:///PATH, tcp://NAME:PORT or ssh://USER@NAME, several with commas between them',
    }),
  /** For `ssh -F`; what OpenSSH reads by itself when absent. */
  LABPLAN_SSH_CONFIG: z.string().optional(),
  TERRAFORM_BINARY_NAME: z.string().default('terraform'),
  LABPLAN_PROVIDER_MIRROR: z.string().optional(),
  /** What all runs of Terraform together may take; a quarter of the memory and all cores by default. */
  LABPLAN_RUN_MEMORY_MB: amount.default(() => Math.floor(totalmem() / 2 ** 20 / 4)),
  LABPLAN_RUN_CORES: amount.default(() => availableParallelism()),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
})

export type Config = ReturnType<typeof readConfig>

function usable<T>(parsed: z.ZodSafeParseResult<T>): T {
  if (parsed.success) return parsed.data
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  throw new Error(`The environment is not usable: ${wrong.join('; ')}. See docs/configuration.md.`)
}

const ofStorage = environment
  .pick({
    ...{ LABPLAN_HOME: true, LABPLAN_STORAGE_BACKEND: true, LABPLAN_STORAGE_ROOT: true },
    ...{ LABPLAN_CEPH_CONF: true, LABPLAN_CEPH_CLIENT: true, LABPLAN_CEPH_FS: true },
    ...{ LABPLAN_CEPH_GROUP: true, LABPLAN_LOG_LEVEL: true },
    LABPLAN_STORAGE_FREE_MB: true,
    ...{ LABPLAN_CLOUD_FILE: true, LABPLAN_CLOUD_REGION: true, LABPLAN_SHARE_TYPE: true },
  })
  // On a machine of its own nothing else asks whose it is.
  .extend({ LABPLAN_INSTALLATION: environment.shape.LABPLAN_INSTALLATION.optional() })

/** What a storage agent is told, which may be on a machine that has nothing else of Labplan. Throws like readConfig. */
export function readStorageConfig(env: NodeJS.ProcessEnv = process.env) {
  const e = usable(ofStorage.safeParse(env))
  const cluster = {
    ...{ configFile: e.LABPLAN_CEPH_CONF, client: e.LABPLAN_CEPH_CLIENT },
    ...{ fileSystem: e.LABPLAN_CEPH_FS, group: e.LABPLAN_CEPH_GROUP },
  }
  const { LABPLAN_STORAGE_BACKEND: backend, LABPLAN_LOG_LEVEL: logLevel } = e
  const leastFreeMb = e.LABPLAN_STORAGE_FREE_MB
  return { ...storageConfig(e), leastFreeMb, backend, cluster, shares: sharesConfig(e), logLevel }
}

/** Where a cloud has volumes; undefined where no agent of ours asks one. */
function sharesConfig(e: z.infer<typeof ofStorage>) {
  if (e.LABPLAN_STORAGE_BACKEND !== 'manila') return undefined
  const [credentialFile, region] = [e.LABPLAN_CLOUD_FILE, e.LABPLAN_CLOUD_REGION]
  const installation = e.LABPLAN_INSTALLATION
  if (credentialFile === undefined || region === undefined || installation === undefined)
    throw new Error(
      'The environment is not usable: LABPLAN_STORAGE_BACKEND=manila needs LABPLAN_CLOUD_FILE, LABPLAN_CLOUD_REGION and LABPLAN_INSTALLATION. See docs/storage-backends.md.',
    )
  return {
    ...{ credentialFile, region, installation },
    shareType: e.LABPLAN_SHARE_TYPE,
  }
}

const storageConfig = (
  e: Pick<z.infer<typeof ofStorage>, 'LABPLAN_STORAGE_ROOT' | 'LABPLAN_HOME'>,
) => ({
  root: e.LABPLAN_STORAGE_ROOT ?? join(resolve(e.LABPLAN_HOME), 'storage'),
  /** Where the agent listens: whoever may write there may do what the agent may. */
  socket: join(resolve(e.LABPLAN_HOME), 'run', 'storage.sock'),
})

/** Reads the environment; throws one sentence that names every variable that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const e = usable(environment.safeParse(env))
  if (e.LABPLAN_NOTICE_WEBHOOK && !e.LABPLAN_NOTICE_SECRET_FILE)
    throw new Error(
      'The environment is not usable: LABPLAN_NOTICE_WEBHOOK needs LABPLAN_NOTICE_SECRET_FILE, which signs what is posted. See docs/notices.md.',
    )
  const home = resolve(e.LABPLAN_HOME)
  return Object.freeze({
    home,
    cache: resolve(e.LABPLAN_CACHE),
    databaseUrl: e.DATABASE_URL,
    installation: e.LABPLAN_INSTALLATION,
    publicUrl: e.LABPLAN_PUBLIC_URL.replace(/\/$/, ''),
    apiListen: e.LABPLAN_API_LISTEN,
    seatUrl: e.LABPLAN_SEAT_URL.replace(/\/$/, ''),
    gatewayListen: e.LABPLAN_GATEWAY_LISTEN,
    registry: e.LABPLAN_REGISTRY,
    keyFile: e.LABPLAN_KEY_FILE ?? join(home, 'keys.json'),
    operatorTokenFile: e.LABPLAN_OPERATOR_TOKEN_FILE ?? join(home, 'operator-token'),
    tls:
      e.LABPLAN_TLS_CERT && e.LABPLAN_TLS_KEY
        ? { certFile: e.LABPLAN_TLS_CERT, keyFile: e.LABPLAN_TLS_KEY }
        : undefined,
    trustProxy: e.LABPLAN_TRUST_PROXY === '1',
    lmsNetworks: e.LABPLAN_LMS_NETWORKS,
    notices: noticeConfig(e),
    estate: { folder: join(home, 'estate.git'), remote: e.LABPLAN_ESTATE },
    forge: forgeConfig(e),
    storage: storageConfig(e),
    logLevel: e.LABPLAN_LOG_LEVEL,
    dockerHost: e.DOCKER_HOST,
    otherManagers: { hosts: e.LABPLAN_MANAGERS, home, sshConfig: e.LABPLAN_SSH_CONFIG },
    terraformBinary: e.TERRAFORM_BINARY_NAME,
    providerMirror: e.LABPLAN_PROVIDER_MIRROR ?? join(resolve(e.LABPLAN_CACHE), 'mirror'),
    searchPath: e.PATH,
    runBudget: { memoryMb: e.LABPLAN_RUN_MEMORY_MB, cores: e.LABPLAN_RUN_CORES },
  })
}

/** All of it or nothing; a token goes over TLS, or does not leave this machine. */
function forgeConfig(e: z.infer<typeof environment>) {
  const { LABPLAN_FORGE: kind, LABPLAN_FORGE_URL: url, LABPLAN_FORGE_TOKEN_FILE: tokenFile } = e
  const wrong = (what: string) =>
    new Error(`The environment is not usable: ${what} See docs/estate.md.`)
  if (!kind && !url && !tokenFile) return undefined
  if (!kind || !url || !tokenFile || !e.LABPLAN_ESTATE)
    throw wrong(
      'a forge takes LABPLAN_FORGE, LABPLAN_FORGE_URL, LABPLAN_FORGE_TOKEN_FILE and LABPLAN_ESTATE, all of them.',
    )
  const { protocol, hostname, pathname } = new URL(url)
  const isHere = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  if (protocol === 'http:' && !isHere) throw wrong('LABPLAN_FORGE_URL must be https://….')
  if (pathname.split('/').filter(Boolean).length < 2)
    throw wrong('LABPLAN_FORGE_URL must be the page of the repository, https://HOST/OWNER/NAME.')
  return { kind, address: url, tokenFile }
}

function noticeConfig(e: z.infer<typeof environment>) {
  const publicHost = new URL(e.LABPLAN_PUBLIC_URL).hostname
  return {
    smtpUrl: e.LABPLAN_SMTP_URL,
    smtpPasswordFile: e.LABPLAN_SMTP_PASSWORD_FILE,
    mailFrom: e.LABPLAN_MAIL_FROM ?? `labplan@${publicHost}`,
    infraMail: e.LABPLAN_NOTICE_MAIL,
    infraWebhook: e.LABPLAN_NOTICE_WEBHOOK,
    /** Signs what is posted to webhooks. */
    secretFile: e.LABPLAN_NOTICE_SECRET_FILE,
    /** Private networks where a webhook may be. */
    networks: e.LABPLAN_NOTICE_NETWORKS,
  }
}

/** An address, or a sentence with one in it, without the name and the password that somebody wrote into it. */
export const withoutLogin = (text: string): string =>
  text.replaceAll(/([a-z+]+:\/\/)[^\s/@]+@/gi, (whole, scheme: string) =>
    scheme.startsWith('http') ? scheme : whole.replace(/:[^:@/]*@$/, '@'),
  )

/** The local command line's bearer token, or undefined when scripts/up has not made one. */
export function operatorToken(config: Pick<Config, 'operatorTokenFile'>): string | undefined {
  try {
    return readFileSync(config.operatorTokenFile, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
