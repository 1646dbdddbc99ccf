/** Chromium for tests and benches: the machine's own, quiet, with nothing kept between contexts. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, type Frame, type Page, chromium } from 'playwright-core'

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)

/** What axe-core finds in it, in a line each. Its context must be made with `bypassCSP`: axe is injected as a script. */
export async function barriers(page: Page | Frame): Promise<string[]> {
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    type Axe = { run(): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> }
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run()
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
    )
  })
}

/** By how many pixels it is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - window.innerWidth')

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A tab of somebody who is signed in. `bypassCSP` lets axe in. */
export async function signedInPage(
  browser: Browser,
  { origin }: { origin: string },
  seen: {
    token: string
    width: number
    locale?: 'en' | 'fr'
    bypassCSP?: boolean
    colorScheme?: 'light' | 'dark'
  },
): Promise<Page> {
  const { token, width, locale = 'en', bypassCSP = false, colorScheme = 'light' } = seen
  const viewport = { width, height: 800 }
  const context = await browser.newContext({ viewport, bypassCSP, colorScheme })
  // Of `https`, since they are `__Host-` cookies: Chromium sends those to localhost as well.
  const url = origin.replace('http:', 'https:')
  const cookie = { secure: true, httpOnly: true, sameSite: 'Lax' as const, url }
  await context.addCookies([
    { ...cookie, name: '__Host-labplan', value: token },
    { ...cookie, name: '__Host-labplan-locale', value: locale },
  ])
  return context.newPage()
}
