/** What a reviewer is shown of a change besides words: days before and after, and what each stack would be told. */
import { describe, expect, it } from 'vitest'
import { emptyBlueprint } from '../../stacks/blueprint.ts'
import type { Blueprint, BlueprintCourse } from '../../stacks/blueprint.ts'
import { changeChart, changeDays } from '../../stacks/rules/change-chart.ts'
import type { ForecastHour } from '../../stacks/rules/forecast.ts'
import { stackCounts } from '../../stacks/rules/stack-counts.ts'
import { template } from './seats-content.ts'

const day = (at: string, cores: number, capacityCores: number): ForecastHour => ({
  ...{ at, cores, capacityCores, places: cores, memoryMb: 0, gpus: 0, nodes: 0 },
  ...{ capacityMemoryMb: 0, capacityGpus: 0, price: 0 },
})

describe('days', () => {
  const before = [day('2026-11-02', 8, 16), day('2026-11-24', 8, 16), day('2026-12-08', 8, 16)]
  const after = [day('2026-11-02', 8, 16), day('2026-11-24', 30, 32), day('2026-11-26', 4, 16)]

  it('are those around what differs, also where one side says nothing', () => {
    const days = changeDays(before, after, { before: 16, after: 16 })
    expect([days[0]?.at, days.at(-1)?.at, days.length]).toEqual(['2026-11-21', '2026-12-11', 21])
    const found = Object.fromEntries(days.map(({ at, ...rest }) => [at, Object.values(rest)]))
    // Cores before and after, there before and after.
    expect(found['2026-11-24']).toEqual([8, 30, 16, 32])
    expect(found['2026-11-26']).toEqual([0, 4, 16, 16])
    expect(found['2026-12-08']).toEqual([8, 0, 16, 16])
    expect(found['2026-11-30']).toEqual([0, 0, 16, 16])
  })

  it('are none where nothing differs', () => {
    expect(changeDays(before, before, { before: 16, after: 16 })).toEqual([])
  })

  it('are drawn with their words, and with nothing of a title that is markup', () => {
    const days = changeDays(before, after, { before: 16, after: 16 })
    const svg = changeChart(days, 'fr', 'Salle "A" <b>')
    expect(svg).toContain('<title>Salle &quot;A&quot; &lt;b></title>')
    expect(svg.match(/<path class="was-asked" d="[^"]+V/)).not.toBeNull()
    expect(svg).not.toMatch(/NaN|undefined/)
  })
})

describe('counts', () => {
  const volume = { mountPath: '/home', quotaMb: 1024 }
  const course = (of: Partial<BlueprintCourse>): BlueprintCourse => ({
    ...{ key: 'networks', zone: 'default', course8: 'netw0rks', pool: 'local' },
    ...{ template: { ...template, volume }, seats: '1-30', volumes: null, headroom: null },
    allowance: { seats: 30, atOnce: 30, hoursPerWeek: 4 },
    lifecycle: {} as BlueprintCourse['lifecycle'],
    ...{ sessions: [], ...of },
  })
  const of = (...courses: BlueprintCourse[]): Blueprint => ({ ...emptyBlueprint, courses })

  it('are of each block of seats and of volumes, which nothing takes away', () => {
    expect(stackCounts(of(), of(course({ seats: '1-130' })))).toEqual([
      { stack: 'seats-networks-0', create: 100, update: 0, delete: 0 },
      { stack: 'seats-networks-1', create: 30, update: 0, delete: 0 },
      { stack: 'volumes-networks', create: 130, update: 0, delete: 0 },
    ])
    expect(stackCounts(of(course({})), of(course({ seats: '1-20,40' })))).toEqual([
      { stack: 'seats-networks-0', create: 1, update: 0, delete: 10 },
      { stack: 'volumes-networks', create: 1, update: 0, delete: 0 },
    ])
  })

  it('tell another image from another disk', () => {
    const image = course({ template: { ...template, volume, image: 'other@sha256:1' } })
    expect(stackCounts(of(course({})), of(image))).toEqual([
      { stack: 'seats-networks-0', create: 0, update: 30, delete: 0 },
    ])
    const disk = course({ template: { ...template, volume: { ...volume, quotaMb: 2048 } } })
    expect(stackCounts(of(course({})), of(disk)).map((one) => [one.stack, one.update])).toEqual([
      ['seats-networks-0', 30],
      ['volumes-networks', 30],
    ])
    expect(stackCounts(of(course({})), of(course({})))).toEqual([])
  })
})
