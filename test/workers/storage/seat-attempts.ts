/**
 * What a student tries from within a seat, to come to another's volume or a key: each is a line of a shell that ends well when it
 * works. docs/isolation.md has what stands in the way of each.
 */

/** Mounts, and ways to be allowed to. @param folder one that the seat has mounted */
export const mountAttempts = (folder: string): string[] => [
  `mount --bind ${folder} /mnt`,
  // Said in full, so that no tool looks up for itself what is there.
  `mount -t none -o remount,suid,dev none ${folder}`,
  `umount ${folder}`,
  'mount -t tmpfs none /mnt',
  'mount -i -t nfs4 -o addr=127.0.0.1,vers=4.2 127.0.0.1:/ /mnt',
  'mount -t ceph 127.0.0.1:6789:/ /mnt -o name=admin',
  'unshare -m true',
  'unshare -r true',
  // Where everybody may make files, so that nothing but the right to make devices is missing.
  'mknod /dev/shm/disk b 8 0',
]

/**
 * A line that tries each, and prints how many were refused for want of rights; before it, in full, whatever worked or failed for
 * another reason, such as a tool that the seat has not.
 */
export const countRefused = (attempts: string[]): string =>
  ['n=0', ...attempts.map(tryOne), 'echo $n refused'].join('; ')

const tryOne = (attempt: string): string => {
  const refused = "*'not permitted'* | *'ermission denied'* | *superuser*"
  const other = `echo "${attempt}: $said"`
  const ways = `worked*) ${other};; ${refused}) n=$((n + 1));; *) ${other};;`
  return `said=$(${attempt} 2>&1) && said="worked $said"; case $said in ${ways} esac`
}

/** Paths that would lead out of its own folders. */
export const pathAttempts = (root: string): string[] => [
  ...['../uploads', '../../mounts', '/personal/../slots', root, `${root}/keys`, `${root}/slots`],
  ...[`/proc/1/root${root}`, `/proc/self/root${root}`, `/proc/1/cwd${root}/keys`],
]
