/** What an administrator of a Ceph does by its file system's root, and what a test looks at there. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const CALL_MS = 30_000

/** The whole file system, as its administrator. */
export async function attachFuse(at: { configFile: string; folder: string }): Promise<void> {
  const argv = ['--conf', at.configFile, '--id', 'admin', '--client_fs', 'cephfs', '-r', '/']
  await execute('ceph-fuse', [...argv, at.folder], { timeout: CALL_MS })
}

/** Files in parts of 256 KiB: a client asks before it writes on into the next, and hears then what is used (docs/storage-backends.md). */
export async function shapeGroup(folder: string): Promise<void> {
  const layout = 'stripe_unit=262144 stripe_count=1 object_size=262144 pool=data'
  await execute('setfattr', ['-n', 'ceph.dir.layout', '-v', layout, folder], { timeout: CALL_MS })
}
