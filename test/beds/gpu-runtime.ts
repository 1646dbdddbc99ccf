/**
 * Stands in for NVIDIA's container runtime, which needs its cards: before a container is created it puts into it the devices
 * that NVIDIA_VISIBLE_DEVICES names, as that does, and nothing else. Arguments: the folder with the stand-in device nodes of
 * an engine, and the container's bundle (OCI runtime specification).
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

type Device = { path: string; type: 'c'; major: number; minor: number; fileMode: number }
type Config = {
  process: { env?: string[] }
  linux: { devices?: Device[]; resources?: { devices?: object[] } }
}

const [folder = '', bundle = ''] = process.argv.slice(2)
const file = join(bundle, 'config.json')
const config = JSON.parse(readFileSync(file, 'utf8')) as Config
const devices = namesOf(config.process.env ?? []).map(deviceAt)
if (devices.length > 0) {
  const { linux } = config
  const rules = devices.map(({ type, major, minor }) => ({
    ...{ allow: true, type, major, minor, access: 'rwm' },
  }))
  linux.devices = [...(linux.devices ?? []), ...devices]
  linux.resources = {
    ...linux.resources,
    devices: [...(linux.resources?.devices ?? []), ...rules],
  }
  writeFileSync(file, JSON.stringify(config))
}

/** By index alone; the last value of a variable counts. */
function namesOf(env: string[]): string[] {
  const said = env.findLast((one) => one.startsWith('NVIDIA_VISIBLE_DEVICES='))?.split('=')[1] ?? ''
  if (['', 'void', 'none'].includes(said)) return []
  return said === 'all' ? readdirSync(folder) : said.split(',').map((index) => `nvidia${index}`)
}

/** A name without its device node ends the program, and so the container. */
function deviceAt(name: string): Device {
  const { rdev } = statSync(join(folder, name))
  const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)]
  return { path: `/dev/${name}`, type: 'c', major, minor, fileMode: 0o666 }
}
