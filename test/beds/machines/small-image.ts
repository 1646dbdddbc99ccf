/** An environment of a few megabytes: the seat's own programs and busybox. A machine whose every step is dear unpacks it in seconds. */
import { join, relative } from 'node:path'
import { ownLayer } from '../../../scripts/images/own-layer.ts'
import type { Recipe } from '../../../scripts/images/recipe.ts'
import { pushImage } from '../../../scripts/images/registry.ts'
import { terminal } from '../../../scripts/images/terminal.ts'
import { unpackPackage } from '../../../scripts/steps/debian.ts'
import { readSettings, root } from '../../../scripts/steps/settings.ts'
import { terminalEnvironment } from '../seat.ts'

/** Its only door; what `openWebShell` speaks to. */
export const WEB_PORT = 8080

/** Puts it into the bed's registry; answers its name by digest, without the registry. @param hasRoot its student may act as root of the seat */
export async function smallImage(
  { registry }: { registry: string },
  { hasRoot = false } = {},
): Promise<string> {
  const { cache } = readSettings()
  const busybox = await unpackPackage('busybox-static', join(cache, 'busybox'), () => {})
  const services = hasRoot ? 'small-root-services.json' : 'small-services.json'
  const recipe = recipeWith(relative(root, join(busybox, 'bin', 'busybox')), services)
  const layer = await ownLayer(root, cache, recipe, 'amd64', () => {})
  return (await pushImage(registry, recipe, [layer], 'amd64')).slice(registry.length + 1)
}

/** What root of a seat of `hasRoot` prints when it runs a script, as a line of the student's shell. The script may print nothing but lines. */
export const asRoot = (script: string): string =>
  `echo '${script.replaceAll("'", String.raw`'\''`)}' >/run/ask; cat /run/said`

function recipeWith(busybox: string, services: string): Recipe {
  const { programs, files, config } = terminal
  const tools = [
    ...['sh', 'dd', 'df', 'stat', 'cat', 'sync', 'ls', 'ln', 'echo', 'tail', 'tr', 'cut', 'nc'],
    ...['rm', 'mkdir', 'id', 'sleep', 'mount', 'umount', 'unshare', 'mknod'],
  ]
  return {
    ...{
      name: 'small',
      packages: [],
      programs,
      folders: ['home', 'tmp', 'run', 'proc', 'root', 'mnt'],
    },
    files: [
      ...files.filter(({ to }) => to.startsWith('usr/share/')),
      { from: `test/beds/machines/${services}`, to: 'etc/labplan/services.json' },
      ...tools.map((name) => ({ from: busybox, to: `bin/${name}`, mode: 0o755 })),
    ],
    emptyFiles: ['etc/passwd', 'etc/group', 'etc/shadow'],
    config: {
      ...config,
      ExposedPorts: { '1907/tcp': {}, [`${WEB_PORT}/tcp`]: {} },
      Labels: { 'labplan.environment': 'small' },
    },
  }
}

/** The environment's document for it: one door, and otherwise what the shipped terminal may. */
export function smallEnvironment(image: string): string {
  const title = { en: 'Terminal', fr: 'Terminal' }
  const ports = [{ number: WEB_PORT, name: 'terminal', kind: 'web', title }]
  const { capabilities, mountPath, pidsLimit } = terminalEnvironment()
  const said = { title, ports, capabilities, mountPath, pidsLimit, image }
  return JSON.stringify({ apiVersion: 'labplan/v1', kind: 'Environment', key: 'terminal', ...said })
}
