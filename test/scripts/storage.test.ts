/** Whether this machine can keep volumes in a Ceph, and says what it lacks. */
import { expect, it } from 'vitest'
import { hasAgent, whyNoCeph } from '../../scripts/steps/storage.ts'

const place = (backend: string) => ({
  dockerHost: 'unix:///var/run/docker.sock',
  choices: { LABPLAN_STORAGE_BACKEND: backend },
})

it('names the program that is missing, and Debian’s package', () => {
  const has = (...programs: string[]) => {
    return (program: string) => (programs.includes(program) ? `/usr/bin/${program}` : undefined)
  }
  const why = whyNoCeph(place('cephfs'), has('ceph'))
  // Where nobody may mount, that is said first.
  expect(why).toMatch(/^(ceph-fuse is missing \(Debian: ceph-fuse\)|mounting .*|this machine .*)$/)
  expect(whyNoCeph(place('nfs'), has())).toBeUndefined()
})

it('has no agent of its own where another machine has it', () => {
  expect(hasAgent(place('nfs'))).toBe(true)
  expect(hasAgent(place('none'))).toBe(false)
})
