/** What only a browser knows: its cookies, its frames, its websockets, and the page that waits. */
import { once } from 'node:events'
import { type IncomingMessage, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Browser, FrameLocator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { doorUrl, mintTicket } from '../../api/data/seats/ticket.ts'
import { openBrowser } from '../browser.ts'
import { type Scene, type TestSeat, runSeat, scene, seat, tell } from './gateway-scene.ts'

let on: Scene
let browser: Browser
beforeAll(async () => {
  on = await scene()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await on?.end()
})

const TERMINAL = `<!doctype html><title>terminal</title><p id="said">…</p><script>
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket')
  socket.onopen = () => socket.send('hello from ' + document.cookie.length)
  socket.onmessage = ({ data }) => (document.getElementById('said').textContent = data)
</script>`

async function runTerminal(own: TestSeat): Promise<void> {
  own.running = await runSeat(on.ring, own, (_, response) =>
    response.setHeader('content-type', 'text/html').end(TERMINAL),
  )
  const sockets = new WebSocketServer({ noServer: true })
  own.running.web.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    sockets.handleUpgrade(request, socket, head, (websocket) =>
      websocket.on('message', (data) => websocket.send(`${String(data)}, said back`)),
    ),
  )
  await tell(on.database, own)
}

/** The address the api sends a browser to. */
function door(own: TestSeat): string {
  on.clock.now = new Date()
  const ticket = mintTicket(on.ring, own, on.clock.now)
  return doorUrl(`http://seats.localhost:${on.gateway.port}`, { hostLabel: own.hostLabel, ticket })
}

async function sayBack(page: Page | FrameLocator): Promise<void> {
  await page.getByText('hello from 0, said back').waitFor({ timeout: 30_000 })
}

it('opens a seat in a tab, and its websocket with it', async () => {
  const own = await seat(on, 'off')
  await runTerminal(own)
  const page = await browser.newPage()
  await page.goto(door(own))
  await sayBack(page)
  expect(new URL(page.url()).pathname).toBe('/')
  await page.reload()
  await sayBack(page)
  const [cookie] = await page.context().cookies()
  expect(cookie).toMatchObject({ name: '__Host-labplan-seat', httpOnly: true, secure: true })
  expect(cookie!.partitionKey).toBeTruthy()
  await page.close()
  await own.running!.stop()
})

it('opens it in a frame of another site, where cookies are that frame’s own', async () => {
  const own = await seat(on, 'off')
  await runTerminal(own)
  const lms: Server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end(`<iframe src="${door(own)}"></iframe>`),
  ).listen(0, '127.0.0.1')
  await once(lms, 'listening')
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`http://lms.localhost:${(lms.address() as AddressInfo).port}/`)
  await sayBack(page.frameLocator('iframe'))
  // The same address in a tab of its own is another browser's to the gateway.
  const tab = await context.newPage()
  const answer = await tab.goto(`http://${own.host}:${on.gateway.port}/`)
  expect(answer!.status()).toBe(403)
  await context.close()
  lms.close()
  await own.running!.stop()
})

it('waits with the student, and opens by itself when the seat is back', async () => {
  const own = await seat(on, 'off')
  const context = await browser.newContext({ locale: 'fr-FR' })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  await page.goto(door(own))
  await page.getByRole('heading', { name: 'Votre environnement n’est pas en marche' }).waitFor()
  await page.getByRole('status').waitFor()
  const link = page.getByRole('link', { name: 'Aller à la page de mon espace' })
  expect(await link.getAttribute('href')).toBe(
    `http://labplan.localhost:7080/workspaces/${own.workspaceId}`,
  )
  // The site's own look: its styles were found and let in.
  const sheet = `getComputedStyle(document.querySelector('.sheet')).backgroundColor`
  expect(await page.evaluate(sheet)).toBe('rgb(255, 255, 255)')
  await runTerminal(own)
  await sayBack(page)
  // The 503 itself is reported by the browser; nothing was blocked or broken.
  expect(problems.filter((text) => !text.includes('503'))).toEqual([])
  await context.close()
  await own.running!.stop()
})
