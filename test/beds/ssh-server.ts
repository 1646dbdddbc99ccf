/** An OpenSSH server on loopback for one test: Debian's, unpacked into the cache and not installed, in a mount namespace of its own. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { unpackPackage } from '../../scripts/steps/debian.ts'
import type { Say } from '../../scripts/steps/step.ts'
import { accepts, until } from '../../scripts/steps/supervised.ts'

/** It, and the libraries that a machine without it may lack. */
const PACKAGES = ['openssh-server', 'libwrap0', 'libnsl2', 'libtirpc3']

const cache = (): string =>
  resolve(process.env.LABPLAN_CACHE ?? join(homedir(), '.cache', 'labplan'), 'sshd')

export async function prepareSshServer(say: Say): Promise<undefined> {
  for (const name of PACKAGES) await unpackPackage(name, join(cache(), name), say)
}

export function whyNoSshServer(): string | undefined {
  if (process.getuid?.() !== 0) return 'a mount namespace needs root'
  const missing = PACKAGES.find((name) => !existsSync(join(cache(), name)))
  return missing && `Debian's ${missing} is not in the cache: scripts/test fetches it`
}

export type SshServer = {
  port: number
  /** For `ssh -F`: whom to trust, and with which key to log in. */
  clientConfig: string
  end(): Promise<void>
}

/** @param variables what a command that is run on it finds in its environment */
export async function startSshServer(
  folder: string,
  variables: Record<string, string>,
): Promise<SshServer> {
  const port = await freePort()
  const file = (name: string) => join(folder, name)
  for (const name of ['host-key', 'login-key'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)])
  const [hostKey, loginKey] = ['host-key', 'login-key'].map((name) =>
    readFileSync(`${file(name)}.pub`, 'utf8').trim(),
  )
  writeFileSync(file('authorized'), `${loginKey}\n`, { mode: 0o600 })
  writeFileSync(file('known'), `[127.0.0.1]:${port} ${hostKey}\n`)
  const sets = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  writeFileSync(file('sshd.conf'), serverConfig(port, file, sets))
  writeFileSync(file('client.conf'), clientConfig(file))
  const command = ['unshare', '--mount', 'sh', '-c', serverScript(folder)]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  if (!(await until(() => accepts(port), 15_000)))
    throw new Error(`sshd did not start: ${readFileSync(file('sshd.log'), 'utf8')}`)
  return {
    ...{ port, clientConfig: file('client.conf') },
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const serverConfig = (port: number, file: (name: string) => string, sets: string[]): string =>
  `ListenAddress 127.0.0.1:${port}
HostKey ${file('host-key')}
AuthorizedKeysFile ${file('authorized')}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
SetEnv ${sets.join(' ')}
`

const clientConfig = (file: (name: string) => string): string =>
  `IdentityFile ${file('login-key')}
IdentitiesOnly yes
UserKnownHostsFile ${file('known')}
StrictHostKeyChecking yes
`

/** What the package's installation would have made: the user that it drops to, and an empty folder. */
function serverScript(folder: string): string {
  const at = (name: string) => join(cache(), name)
  const libraries = PACKAGES.flatMap((name) =>
    ['usr/lib', 'lib'].map((lib) => join(at(name), lib, `${triplet()}`)),
  )
  return [
    'mount --make-rprivate /',
    'mount -t tmpfs -o mode=755 run /run',
    'mkdir /run/sshd',
    'cp /etc/passwd /run/passwd',
    `grep -q ^sshd: /run/passwd || echo sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin >> /run/passwd`,
    'mount --bind /run/passwd /etc/passwd',
    `exec env LD_LIBRARY_PATH=${libraries.join(':')} ${at('openssh-server')}/usr/sbin/sshd -D -E ${folder}/sshd.log -f ${folder}/sshd.conf`,
  ].join(' && ')
}

const triplet = (): string => (process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  server.close()
  return address.port
}
