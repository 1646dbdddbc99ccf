/** What a Ceph on this machine is started from: Debian's packages. Nothing of theirs runs until a bed starts it. */
import { ensurePrograms } from '../../../scripts/steps/debian.ts'
import { findProgram, isRoot, lastWords } from '../../../scripts/steps/shell.ts'
import { CEPH_PROGRAMS } from '../../../scripts/steps/storage.ts'
import type { Say } from '../../../scripts/steps/step.ts'
import { existsSync } from 'node:fs'

const SERVERS = {
  'ceph-mon': 'ceph-mon',
  'ceph-mgr': 'ceph-mgr',
  'ceph-osd': 'ceph-osd',
  'ceph-mds': 'ceph-mds',
}
const PROGRAMS = { ...SERVERS, ...CEPH_PROGRAMS }

function whyNever(): string | undefined {
  if (!isRoot()) return 'mounting file systems needs root'
  return existsSync('/dev/fuse') ? undefined : 'there is no /dev/fuse'
}

/** Undefined when one can be started at once; else a reason for people. */
export function whyNoCephNow(): string | undefined {
  const why = whyNever()
  if (why) return why
  const missing = Object.entries(PROGRAMS).find(([program]) => !findProgram(program))
  return missing && `${missing[0]} is missing (Debian: ${missing[1]}): scripts/test installs it`
}

/** Installs what is missing, once for this machine: a minute. Where that cannot be, says why: tests skip themselves with it. */
export async function prepareCeph(say: Say): Promise<string | undefined> {
  const why = whyNever()
  if (why) return `no Ceph for tests: ${why}`
  try {
    return await ensurePrograms(PROGRAMS, say)
  } catch (error) {
    return `no Ceph for tests: ${lastWords(String(error))}`
  }
}
