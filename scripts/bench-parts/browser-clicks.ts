/** A class in Chromium: each student clicks the activity in the LMS, then Start, and waits for the terminal. */
import type { Browser } from 'playwright-core'
import { openBrowser } from '../../test/browser.ts'
import type { PracticeClass } from '../../test/practice-class.ts'

export type Clicks = {
  students: number
  p50Ms: number
  p95Ms: number
  /** Of which: the click in the LMS until the workspace page shows Start. */
  pageP95Ms: number
}

/** Both clicks together, the time between them (a person's) left out; one student after the other. */
export async function browserClicks(
  practice: PracticeClass,
  students: number,
  say: (text: string) => void,
): Promise<Clicks> {
  const browser = await openBrowser()
  try {
    const totals: number[] = []
    const pages: number[] = []
    for (let i = 1; i <= students; i++) {
      const { pageMs, startMs } = await oneStudent(browser, practice, `student${i}`)
      totals.push(pageMs + startMs)
      pages.push(pageMs)
    }
    say(`${students} students clicked`)
    return { students, p50Ms: at(totals, 0.5), p95Ms: at(totals, 0.95), pageP95Ms: at(pages, 0.95) }
  } finally {
    await browser.close()
  }
}

async function oneStudent(browser: Browser, practice: PracticeClass, person: string) {
  const context = await browser.newContext({ locale: 'en-GB' })
  try {
    const page = await context.newPage()
    await page.goto(`${practice.inst.lmsUrl}/login/${person}?next=/courses/2`)
    const link = page.locator(`a[href$="/launch/${practice.activity}"]`)
    const popup = page.waitForEvent('popup')
    const clicked = performance.now()
    await link.click()
    const workspace = await popup
    const start = workspace.locator('form.door button.primary')
    await start.waitFor()
    const pageMs = performance.now() - clicked
    // The environment's first byte: the answer to its page, after the gateway's ticket is taken.
    const firstByte = workspace.waitForResponse(
      (answer) => answer.status() === 200 && isSeat(answer.url()),
    )
    const started = performance.now()
    await start.click()
    await firstByte
    return { pageMs, startMs: performance.now() - started }
  } finally {
    await context.close()
  }
}

const isSeat = (url: string): boolean =>
  /^[a-z2-7]{26}\.seats\./.test(new URL(url).host) && new URL(url).pathname === '/'

function at(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}
