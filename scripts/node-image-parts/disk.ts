/**
 * The system as a disk that a cloud's machines boot from: one partition, Debian's cloud kernel, GRUB in the gap before it.
 * Made without mounting anything. Grows to its machine's disk at the first start.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ensurePrograms } from '../steps/debian.ts'
import { mustRun } from '../steps/shell.ts'
import { CannotGoOn, type Say } from '../steps/step.ts'
import { type Additions, makeSystem, systemDigest } from './system.ts'

/** It grows with its machine's disk; what is put into it needs room before. */
const LEAST_MB = 3072
const ROOM_MB = 768
const GAP_BYTES = 1024 * 1024
const SECTOR = 512
/** Of the first sector, what is program: the rest is the partition table. */
const BOOT_CODE = 440
const LABEL = 'labplan-root'

/** None that GRUB cannot read yet, whatever this machine's mke2fs would choose. */
const FEATURES =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize'

const GRUB = `search --no-floppy --label ${LABEL} --set=root
linux /vmlinuz root=LABEL=${LABEL} ro net.ifnames=0 console=tty0 console=ttyS0
initrd /initrd.img
boot
`
const GRUB_MODULES = ['biosdisk', 'part_msdos', 'ext2', 'search', 'search_label', 'linux']
const GRUB_FOLDER = '/usr/lib/grub/i386-pc'
const MAKE_CORE = `grub-mkimage -O i386-pc -d ${GRUB_FOLDER} -c /boot/start.cfg -o /boot/core.img -p /boot ${GRUB_MODULES.join(' ')}`

const ADDITIONS: Additions = {
  packages: ['linux-image-cloud-amd64', 'initramfs-tools', 'grub-common', 'grub-pc-bin'],
  files: {
    '/boot/start.cfg': GRUB,
    '/etc/fstab': `LABEL=${LABEL} / ext4 defaults,errors=remount-ro 0 1\n`,
  },
  hooks: [`chroot "$1" ${MAKE_CORE}`],
}

/** What else shall be in an image: packages of Debian, and files of packages from elsewhere. */
export type Wishes = { packages: string[]; debs: string[] }

/** @throws CannotGoOn when a file of a package is not there */
export const diskFile = (cache: string, wishes: Wishes): string =>
  join(cache, 'node-image', `labplan-node-${systemDigest(additions(wishes))}.raw`)

const IN_SYSTEM = 'var/tmp/labplan-debs'

function additions({ packages, debs }: Wishes): Additions {
  const all = { ...ADDITIONS, packages: [...ADDITIONS.packages, ...packages.toSorted()] }
  if (debs.length === 0) return all
  const found = debs.map((file) => ({ file: resolve(file), sum: sumOf(file) }))
  const install = [
    `mkdir -p "$1/${IN_SYSTEM}"`,
    // Named by what they hold: the same packages from another folder are the same image.
    ...found.map(({ sum }) => `cp "$LABPLAN_DEB_${sum}" "$1/${IN_SYSTEM}/${sum}.deb"`),
    `chroot "$1" sh -c 'dpkg -i /${IN_SYSTEM}/*.deb'`,
    `rm -r "$1/${IN_SYSTEM}"`,
  ]
  const env = Object.fromEntries(found.map(({ file, sum }) => [`LABPLAN_DEB_${sum}`, file]))
  return { ...all, hooks: [...all.hooks, ...install], env }
}

function sumOf(file: string): string {
  if (!existsSync(file)) throw new CannotGoOn(`there is no file ${file}`)
  return createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 16)
}

/** Answers the file, made now unless it is in the cache. Throws CannotGoOn. */
export async function nodeDisk(cache: string, wishes: Wishes, say: Say): Promise<string> {
  if (process.arch !== 'x64') throw new CannotGoOn('node images are made on x86-64')
  const file = diskFile(cache, wishes)
  if (existsSync(file)) return file
  await ensurePrograms({ mke2fs: 'e2fsprogs', sfdisk: 'fdisk' }, say)
  mkdirSync(dirname(file), { recursive: true })
  const scratch = mkdtempSync(`${file}.`)
  try {
    const system = join(scratch, 'system')
    await makeSystem(system, additions(wishes), say)
    say('writing the disk')
    const draft = join(scratch, basename(file))
    await writeDisk(draft, system)
    renameSync(draft, file)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return file
}

async function writeDisk(draft: string, system: string): Promise<void> {
  const problem = "The machine's disk could not be written"
  const used = Number.parseInt(await mustRun(['du', '-sm', system], problem), 10)
  const sizeMb = Math.max(LEAST_MB, used + ROOM_MB)
  const partition = `echo 'start=${GAP_BYTES / SECTOR}, type=83, bootable' | sfdisk --quiet --label dos "$0"`
  await mustRun(['truncate', '-s', `${sizeMb}M`, draft], problem)
  await mustRun(['sh', '-c', partition, draft], problem)
  const format = ['mke2fs', '-q', '-F', '-t', 'ext4', '-O', FEATURES, '-L', LABEL, '-d', system]
  const size = `${sizeMb - GAP_BYTES / 2 ** 20}M`
  await mustRun([...format, '-E', `offset=${GAP_BYTES}`, draft, size], problem)
  const boot = await readFile(join(system, GRUB_FOLDER, 'boot.img'))
  const core = await readFile(join(system, 'boot', 'core.img'))
  if (core.length > GAP_BYTES - SECTOR) throw new Error('GRUB does not fit before the partition')
  const disk = await open(draft, 'r+')
  try {
    // As GRUB's installer does: the second part stands in the sectors after the first, where that looks for it.
    await disk.write(boot.subarray(0, BOOT_CODE), 0, BOOT_CODE, 0)
    await disk.write(core, 0, core.length, SECTOR)
    await disk.sync()
  } finally {
    await disk.close()
  }
}
