/** A real-kernel machine of a bed: it starts, and nothing of it outlives whoever asked for it. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { beforeEach, expect, it } from 'vitest'
import { whyNoMachinesNow } from './machines/install.ts'
import { bedPlace } from './place.ts'
import { namespacesOf } from './wires.ts'

const why = whyNoMachinesNow()
beforeEach(({ skip }) => skip(why !== undefined, why))

/** In a process of its own, which says the bed's id once the machine's kernel runs. */
const OWNER = `import { swarmBed } from '${import.meta.dirname}/swarm.ts'
  import { bootMachine } from '${import.meta.dirname}/machines/boot.ts'
  import { machineParts } from '${import.meta.dirname}/machines/install.ts'
  const bed = await swarmBed()
  const machine = bootMachine(bed, machineParts(), { name: 'm-1', number: 1, userData: '#cloud-config\\n{}' })
  const look = setInterval(() => {
    if (!machine.console().includes("cloud-init")) return
    console.log(bed.id)
    clearInterval(look)
  }, 100)
  setInterval(() => {}, 1000)`

const processesOf = (folder: string): string[] =>
  execFileSync('ps', ['-e', '-o', 'args='])
    .toString()
    .split('\n')
    .filter((line) => line.includes('linux.uml') && line.includes(folder))

it('boots a kernel of its own, and ends with a test that was killed', async () => {
  const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', OWNER], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [id] = await once(createInterface({ input: owner.stdout }), 'line')
  const place = bedPlace(String(id))
  expect(processesOf(place.folder)).not.toEqual([])
  owner.kill('SIGKILL')
  const left = (): unknown[] => [
    ...namespacesOf(place),
    ...processesOf(place.folder),
    ...(existsSync(place.folder) ? [place.folder] : []),
  ]
  await expect.poll(left, { timeout: 30_000 }).toEqual([])
})
