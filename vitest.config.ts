/**
 * Kinds of tests, told apart by their place and name:
 *   fast  *.test.ts         pure code and a real PostgreSQL
 *   laws  test/stacks/properties.test.ts: the compiler's laws on thousands of made-up campuses
 *   semester test/semester/semester.test.ts: two weeks of a small campus in virtual time
 *   real  *.real.test.ts    Docker, Swarm, Terraform, processes
 *   start test/scripts/up.real.test.ts: scripts/up on a fresh machine; alone, since it is timed
 *   chaos test/chaos/every.chaos.test.ts: every victim in every phase of a class; two beds use the whole machine
 *   flow  test/flow/        a real browser through the whole product
 */
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

if (Number(process.versions.node.split('.')[0]) < 24)
  throw new Error(
    `The tests need the project's Node, this is ${process.version}: run scripts/test, or PATH=node_modules/.bin:$PATH vitest.`,
  )

const LAWS = 'test/stacks/properties.test.ts'
const SEMESTER = 'test/semester/semester.test.ts'
const CHAOS = 'test/chaos/every.chaos.test.ts'
const START = 'test/scripts/up.real.test.ts'

export default defineConfig({
  test: {
    globalSetup: 'test/postgres-global.ts',
    restoreMocks: true,
    // Bounds for what never comes, not for how fast it does: the machine may be busy with others.
    expect: { poll: { timeout: 25_000 } },
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          // Files share the modules they import, not data: each has its own database.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.real.test.ts', 'test/flow/**', CHAOS, LAWS, SEMESTER],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'laws', include: [LAWS], testTimeout: 120_000 },
      },
      {
        extends: true,
        test: { name: 'semester', include: [SEMESTER], hookTimeout: 540_000 },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/**/*.real.test.ts'],
          exclude: ['test/flow/**', START],
          testTimeout: 300_000,
          hookTimeout: 400_000,
          // Much of their time they wait. A group of their own, since vitest takes one number for a group.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'start',
          include: [START],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: { name: 'chaos', include: [CHAOS] },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/flow/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
