/** What a run of Terraform takes at its peak, against what the choice of runs counts it as. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runMemoryMb } from '../../../workers/jobs/next.ts'
import { applyStack, destroyStack } from '../../../workers/terraform/run-stack.ts'
import { type TerraformBed, terraformBed } from './terraform-bed.ts'

const SEATS_MADE = 30
const SAMPLE_MS = 100

let bed: TerraformBed
beforeAll(async () => {
  bed = await terraformBed()
})
afterAll(() => bed?.down())

it('takes no more memory than it is counted as, and not less than half of it', async () => {
  const content = bed.seats(Array.from({ length: SEATS_MADE }, (_, i) => i + 1))
  const peaks = await peaksWhile(async () => {
    expect(await applyStack(bed.services, bed.request(content))).toMatchObject({ ok: true })
  })
  console.info(
    `${SEATS_MADE} seats: ${peaks.memoryMb.toFixed(0)} MB, ${peaks.cores.toFixed(2)} cores`,
  )
  expect(peaks.memoryMb).toBeLessThan(runMemoryMb(SEATS_MADE))
  expect(peaks.memoryMb).toBeGreaterThan(runMemoryMb(SEATS_MADE) / 2)
  expect(await destroyStack(bed.services, bed.request(content))).toMatchObject({ ok: true })
})

/** The most memory that engine and providers had at once, and the cores they kept busy on average. */
async function peaksWhile(work: () => Promise<void>): Promise<{ memoryMb: number; cores: number }> {
  let memoryMb = 0
  const cpuSeconds = new Map<number, number>()
  const sample = () => {
    const engine = enginePids()
    memoryMb = Math.max(
      memoryMb,
      engine.map(memoryOf).reduce((sum, one) => sum + one, 0),
    )
    for (const pid of engine) cpuSeconds.set(pid, cpuOf(pid))
  }
  const timer = setInterval(sample, SAMPLE_MS)
  const began = performance.now()
  await work().finally(() => clearInterval(timer))
  const seconds = (performance.now() - began) / 1000
  const cpu = [...cpuSeconds.values()].reduce((sum, one) => sum + one, 0)
  return { memoryMb, cores: cpu / seconds }
}

/** Terraform or OpenTofu and their providers, of the processes this one started. */
function enginePids(): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one)))
    parents.set(Number(name), Number(statOf(Number(name))[1] ?? 0))
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid !== 0 && (pid === process.pid || isOurs(parents.get(pid)))
  return [...parents.keys()].filter(
    (pid) => pid !== process.pid && /terraform|tofu/.test(read(pid, 'cmdline')) && isOurs(pid),
  )
}

/** The fields after the name in /proc/PID/stat (proc(5)): state, parent, … utime and stime at 11 and 12. */
const statOf = (pid: number): string[] => {
  const text = read(pid, 'stat')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

const cpuOf = (pid: number): number => {
  const [utime = 0, stime = 0] = statOf(pid).slice(11, 13).map(Number)
  return (utime + stime) / 100
}

/** Shared pages are counted once: their share of each process. */
const memoryOf = (pid: number): number =>
  Number(/^Pss: +(\d+) kB/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) / 1024

/** Empty when the process has ended meanwhile. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
