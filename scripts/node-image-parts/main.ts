/** `scripts/node-image`: the disk that machines of a pool in a cloud boot from; the last line is its file. */
import { copyFileSync, constants, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readSettings } from '../steps/settings.ts'
import { CannotGoOn, seconds } from '../steps/step.ts'
import { diskFile, nodeDisk } from './disk.ts'

const USAGE = `Usage: scripts/node-image [--output FILE] [--with PACKAGE]... [--deb FILE]... [--fresh]

Makes the disk image that nodes of a pool in a cloud start from: Debian with the engine, NFS's client, cloud-init and
Debian's cloud kernel (which has those of NFS and Ceph). The last line of the output is its file, a raw image:
  openstack image create --disk-format raw --file FILE labplan-node
What has not changed is not made again.

  --output FILE     put a copy there
  --with PACKAGE    of Debian, beside those that are in it: ceph-common, a driver of graphics cards, …
  --deb FILE        a package from elsewhere, such as each of NVIDIA's container toolkit; what it needs of
                    Debian comes by --with
  --fresh           take today's Debian packages, though nothing else changed`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      output: { type: 'string' },
      with: { type: 'string', multiple: true, default: [] },
      deb: { type: 'string', multiple: true, default: [] },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return print(USAGE)
  const { cache } = readSettings()
  const wishes = { packages: values.with, debs: values.deb }
  if (values.fresh) rmSync(diskFile(cache, wishes), { force: true })
  const started = performance.now()
  const file = await nodeDisk(cache, wishes, (text) => {
    const time = seconds(performance.now() - started).padStart(8)
    process.stderr.write(`${time}  ${text}\n`)
  })
  if (values.output === undefined) return print(file)
  copyFileSync(file, resolve(values.output), constants.COPYFILE_FICLONE)
  return print(resolve(values.output))
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CannotGoOn)) throw error
  process.stderr.write(`scripts/node-image: ${error.message}\n`)
  process.exitCode = 1
}
