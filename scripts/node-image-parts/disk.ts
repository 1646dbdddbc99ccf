/**
 * The system as a disk that a cloud's machines boot from: one partition, Debian's cloud kernel, GRUB in the gap before it.
 * Made without mounting anything. Grows to its machine's disk at the first start.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ensurePrograms } from '../steps/debian.ts'
import { mustRun } from '../steps/shell.ts'
import { CannotGoOn, type Say } from '../steps/step.ts'
import { type Additions, makeSystem, systemDigest } from './system.ts'

const SIZE_MB = 3072
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

export const diskFile = (cache: string, packages: string[]): string =>
  join(cache, 'node-image', `labplan-node-${systemDigest(withPackages(packages))}.raw`)

const withPackages = (packages: string[]): Additions => ({
  ...ADDITIONS,
  packages: [...ADDITIONS.packages, ...packages.toSorted()],
})

/** Answers the file, made now unless it is in the cache. `packages`: what else shall be in it. Throws CannotGoOn. */
export async function nodeDisk(cache: string, packages: string[], say: Say): Promise<string> {
  if (process.arch !== 'x64') throw new CannotGoOn('node images are made on x86-64')
  const file = diskFile(cache, packages)
  if (existsSync(file)) return file
  await ensurePrograms({ mke2fs: 'e2fsprogs', sfdisk: 'fdisk' }, say)
  mkdirSync(dirname(file), { recursive: true })
  const scratch = mkdtempSync(`${file}.`)
  try {
    const system = join(scratch, 'system')
    await makeSystem(system, withPackages(packages), say)
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
  const partition = `echo 'start=${GAP_BYTES / SECTOR}, type=83, bootable' | sfdisk --quiet --label dos "$0"`
  await mustRun(['truncate', '-s', `${SIZE_MB}M`, draft], problem)
  await mustRun(['sh', '-c', partition, draft], problem)
  const format = ['mke2fs', '-q', '-F', '-t', 'ext4', '-O', FEATURES, '-L', LABEL, '-d', system]
  const size = `${SIZE_MB - GAP_BYTES / 2 ** 20}M`
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
