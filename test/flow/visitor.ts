/** Somebody of a test, at a page of ours in a tab of their own. */
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Website } from '../api/website.ts'
import type { SignedIn } from '../cast/record.ts'

/** Opens a page of the site as somebody, or nobody. */
export type Visitor = (
  path: string,
  who: SignedIn | undefined,
  options?: { javaScript?: boolean },
) => Promise<Page>

export function visitor(browser: Browser, site: Pick<Website, 'origin'>): Visitor {
  return async (path, who, { javaScript = true } = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1200, height: 820 },
      javaScriptEnabled: javaScript,
      // Colours that are on their way from light to dark are neither.
      reducedMotion: 'reduce',
      locale: 'en-GB',
      // axe is injected as a script.
      bypassCSP: true,
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    if (who) await context.addCookies([loginCookie(site, who)])
    const page = await context.newPage()
    page.on('pageerror', (error) => expect.unreachable(`${path}: ${error.message}`))
    await page.goto(site.origin + path)
    return page
  }
}

// Chromium keeps `__Host-` cookies for https addresses only when asked this way, and sends them to *.localhost.
export const loginCookie = ({ origin }: Pick<Website, 'origin'>, { token }: SignedIn) => ({
  name: '__Host-labplan',
  value: token,
  url: `https://${new URL(origin).hostname}`,
  secure: true,
  httpOnly: true,
  sameSite: 'None' as const,
})
