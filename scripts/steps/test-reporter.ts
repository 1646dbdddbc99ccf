/** A vitest reporter that writes what scripts/test adds up, skips with their reasons, to LABPLAN_TEST_SUMMARY. */
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export type Summary = {
  passed: number
  failed: number
  /** Of those that failed: a line each, which says where and why. */
  failures: string[]
  skipped: { name: string; reason: string }[]
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env.LABPLAN_TEST_SUMMARY
    if (!file) return
    const cases = modules.flatMap((module) => [...module.children.allTests()])
    const broken = modules.filter(isBroken).length
    const summary: Summary = {
      passed: cases.filter((test) => test.result().state === 'passed').length,
      // What fails outside a test (an import, a hook, an error nobody caught) is a failure too.
      failed: cases.filter(hasFailed).length + broken + unhandledErrors.length,
      failures: [
        ...cases.filter(hasFailed).map(failureOf),
        ...modules
          .filter(isBroken)
          .map((module) => `${module.relativeModuleId}: outside its tests`),
        ...unhandledErrors.map((error) => `outside any test: ${firstLine(error)}`),
      ],
      skipped: cases.filter((test) => test.result().state === 'skipped').map(skipOf),
    }
    writeFileSync(file, JSON.stringify(summary))
  }
}

function hasFailed(test: TestCase): boolean {
  const { state } = test.result()
  // A test still pending at the end was cut off.
  return state === 'failed' || state === 'pending'
}

function failureOf(test: TestCase): string {
  const [error] = test.result().errors ?? []
  return `${test.module.relativeModuleId}: ${test.fullName}: ${error ? firstLine(error) : 'cut off'}`
}

const firstLine = (error: unknown): string =>
  String((error as { message?: unknown }).message ?? error).split('\n')[0] ?? ''

function isBroken(module: TestModule): boolean {
  return module.state() === 'failed' && ![...module.children.allTests()].some(hasFailed)
}

function skipOf(test: TestCase): { name: string; reason: string } {
  const result = test.result()
  const reason = result.state === 'skipped' && result.note ? result.note : 'no reason given'
  return { name: `${test.module.relativeModuleId}: ${test.fullName}`, reason }
}
