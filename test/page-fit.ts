/** Whether people can use a page as it stands; and a picture of it for who wants to look. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { barriers, overflow } from './browser.ts'

/** Set to a folder to keep what was seen. */
const shots = process.env['LABPLAN_SHOTS']

export async function keepPicture(page: Page, name: string, fullPage = true): Promise<void> {
  if (!shots) return
  mkdirSync(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage })
}

/** No wider than its window, and with no barrier axe knows of: its context is made with `bypassCSP`. */
export async function isFit(page: Page, name: string): Promise<void> {
  await keepPicture(page, name)
  expect(await overflow(page), name).toBeLessThanOrEqual(0)
  expect(await barriers(page), name).toEqual([])
}

/** So, wide and as on a telephone. */
export async function isFitWideAndNarrow(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()!
  for (const width of [1100, 360]) {
    await page.setViewportSize({ width, height: 800 })
    await isFit(page, `${name}-${width}`)
  }
  await page.setViewportSize(before)
}

/** So, wide, on a telephone, and in the dark. */
export async function isFitEverywhere(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of [
    [1200, 'light'],
    [390, 'light'],
    [1200, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 820 })
    await page.emulateMedia({ colorScheme })
    await isFit(page, `${name}-${width}-${colorScheme}`)
  }
}

/** So, wide, and on a telephone in the dark: for pages that are the others' in another state. */
export async function isFitWideAndDark(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 820 })
    await page.emulateMedia({ colorScheme })
    await isFit(page, `${name}-${width}-${colorScheme}`)
  }
}
