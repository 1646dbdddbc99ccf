/** Volumes with a real limit on this machine: whether they can be had here, and the agent that keeps them. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { storageAgent } from '../../api/storage/storage-agent.ts'
import type { Settings } from './settings.ts'
import { findProgram, isRoot } from './shell.ts'

/** Program → Debian's package. */
export const STORAGE_PROGRAMS = {
  'mkfs.ext4': 'e2fsprogs',
  losetup: 'mount',
  fallocate: 'util-linux',
}

/** What a node runs of Ceph, and Debian's packages. */
export const CEPH_PROGRAMS = { ceph: 'ceph-common', 'ceph-fuse': 'ceph-fuse', getfattr: 'attr' }

type Place = Pick<Settings, 'dockerHost' | 'choices' | 'farEngine'>

/** Whether an agent is started here. With `none` it is another machine's, and answers on the socket through SSH. */
export const hasAgent = (place: Place): boolean =>
  isOfCeph(place)
    ? whyNoCeph(place) === undefined
    : backendOf(place) === 'nfs' || whyNoLimits(place) === undefined

const backendOf = ({ choices }: Place): string => choices.LABPLAN_STORAGE_BACKEND ?? 'local'

const isOfCeph = (place: Place): boolean => ['cephfs', 'manila'].includes(backendOf(place))

/** Why this machine cannot mount what a Ceph keeps, a cloud's, too; undefined when it can, and when nobody asks for it. */
export function whyNoCeph(place: Place, find = findProgram): string | undefined {
  if (!isOfCeph(place)) return undefined
  if (!isRoot()) return 'mounting file systems needs root'
  if (!existsSync('/dev/fuse')) return 'this machine has no /dev/fuse'
  const missing = Object.entries(CEPH_PROGRAMS).find(([program]) => !find(program))
  return missing && `${missing[0]} is missing (Debian: ${missing[1]})`
}

/** Why volumes of this machine alone are the engine's own, without a limit; undefined when they can have one. */
export function whyNoLimits(place: Place): string | undefined {
  const { dockerHost, farEngine } = place
  if (backendOf(place) !== 'local')
    return 'LABPLAN_STORAGE_BACKEND says that a server keeps volumes, for pools that name it'
  if (farEngine || !dockerHost.startsWith('unix:'))
    return `the engine at ${farEngine?.dockerHost ?? dockerHost} is not on this machine`
  if (!isRoot()) return 'mounting file systems needs root'
  if (!existsSync('/dev/loop-control')) return 'this machine has no loop devices'
  const missing = Object.entries(STORAGE_PROGRAMS).find(([program]) => !findProgram(program))
  return missing && `${missing[0]} is missing (Debian: ${missing[1]})`
}

export const socketOf = ({ home }: Pick<Settings, 'home'>): string =>
  join(home, 'run', 'storage.sock')

/** It listens only once all that it keeps is mounted. */
export async function agentAnswers(settings: Pick<Settings, 'home'>): Promise<boolean> {
  return storageAgent({ socket: socketOf(settings) })
    .list()
    .then(
      () => true,
      () => false,
    )
}
