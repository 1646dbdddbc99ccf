/** A volume that is full, as its storage says it. */
import { writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { hasNoRoom } from '../../../workers/storage/uploads.ts'

it('knows a full volume by what the system says of it, whichever way its storage says so', async () => {
  // Word for word of a write into a volume of Ceph at its limit.
  const quota = { errno: -122, code: 'Unknown system error -122', syscall: 'write' }
  expect(hasNoRoom(Object.assign(new Error('Unknown system error -122, write'), quota))).toBe(true)
  // The device that is always full: full(4).
  const full = await writeFile('/dev/full', 'x').catch((error: unknown) => error)
  expect(hasNoRoom(full as NodeJS.ErrnoException), String(full)).toBe(true)
  const denied = { errno: -13, code: 'EACCES', syscall: 'write' }
  expect(hasNoRoom(Object.assign(new Error('EACCES: permission denied, write'), denied))).toBe(
    false,
  )
})
