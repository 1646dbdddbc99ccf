/** What the gateway says in place of an environment, as people meet it: it fits, has no barrier, and goes on by itself. */
import type { RequestListener } from 'node:http'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type Scene,
  type TestSeat,
  runSeat,
  scene,
  seat,
  tell,
  until,
  wayIn,
} from '../api/gateway-scene.ts'
import { openBrowser } from '../browser.ts'
import { isFitWideAndDark } from '../page-fit.ts'

const browser = await openBrowser()
let on: Scene
let own: TestSeat
/** What the environment does with the next requests. */
let serve: RequestListener
const hangsUp: RequestListener = (request) => request.socket.destroy()

beforeAll(async () => {
  on = await scene()
  own = await seat(on, 'off')
})
afterAll(async () => {
  await browser.close()
  await own.running?.stop()
  await on.end()
})

async function tab(locale: string): Promise<Page> {
  const context = await browser.newContext({
    ...{ locale, reducedMotion: 'reduce' },
    // axe is injected as a script.
    bypassCSP: true,
  })
  return context.newPage()
}

const addressOf = (path: string, host = own.host) => `http://${host}:${on.gateway.port}${path}`

async function run(): Promise<void> {
  own.running = await runSeat(on.ring, own, (request, response) => serve(request, response))
  await tell(on.database, own)
  await until(() => on.gateway.gate.routes.find(own.hostLabel)?.taskId === own.running?.taskId)
}

const nowhere = `${'a'.repeat(26)}.seats.localhost`

it.each([
  ['stranger', 'en-GB', () => addressOf('/'), /press Start/],
  [
    'ticket',
    'fr-FR',
    () => addressOf('/.labplan/enter?ticket=x'),
    /choisissez de nouveau Démarrer/,
  ],
  ['nowhere', 'fr-FR', () => addressOf('/', nowhere), /Aller à mes activités/],
] as const)('%s', async (name, locale, address, says) => {
  const page = await tab(locale)
  await page.goto(address())
  expect(await page.locator('main').textContent()).toMatch(says)
  await isFitWideAndDark(page, `gateway-${name}`)
  await page.context().close()
})

it('away, then silent, then there', async () => {
  serve = hangsUp
  const page = await tab('fr-FR')
  await page.goto(addressOf(wayIn(on, own)))
  await page.locator('[data-said=away]').waitFor()
  await isFitWideAndDark(page, 'gateway-away')
  await run()
  await page.locator('[data-said=silent]').waitFor()
  // Whoever is on their way to the link stays there while it tries again.
  await page.getByRole('link').focus()
  await page.evaluate('window.sameDocument = true')
  await isFitWideAndDark(page, 'gateway-silent')
  const asked = own.running!.taken().connections
  await until(() => own.running!.taken().connections > asked + 1, 20)
  expect(await page.evaluate(`'sameDocument' in window && document.activeElement.localName`)).toBe(
    'a',
  )
  serve = (_, response) => response.end('hello')
  await page.getByText('hello').waitFor()
  await page.context().close()
})
