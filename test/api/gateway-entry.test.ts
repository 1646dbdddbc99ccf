import { mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { execute, sql } from '../../api/data/db.ts'
import { newId, randomLabel } from '../../api/data/ids.ts'
import { keyRing } from '../../api/data/key-ring.ts'
import { mintTicket } from '../../api/data/seats/ticket.ts'
import { writeWhere } from './gateway-rows.ts'
import {
  DOMAIN,
  NOW,
  type Scene,
  type TestSeat,
  browse,
  enter,
  runSeat,
  scene,
  seat,
  tell,
  until,
  wayIn,
} from './gateway-scene.ts'

let on: Scene
let own: TestSeat
beforeAll(async () => {
  on = await scene()
  own = await seat(on)
})
afterAll(async () => {
  await own.running?.stop()
  await on.end()
})

const html = { accept: 'text/html' }
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000)

describe('entering', () => {
  it('turns a ticket into a cookie of this host name only, and opens the environment', async () => {
    const entered = await browse(on, own.host, wayIn(on, own))
    expect(entered.status).toBe(303)
    expect(entered.headers.location).toBe('/')
    expect(entered.headers['referrer-policy']).toBe('no-referrer')
    const [cookie, ...attributes] = entered.headers['set-cookie']![0]!.split('; ')
    expect(entered.headers['set-cookie']).toHaveLength(1)
    expect(cookie).toMatch(/^__Host-labplan-seat=[\w-]+\.[\w-]{43}$/)
    expect(attributes).toEqual([
      'Path=/',
      'Max-Age=43200',
      'Secure',
      'HttpOnly',
      'SameSite=None',
      'Partitioned',
    ])
    expect(await browse(on, own.host, '/', { headers: { cookie } })).toMatchObject({
      status: 200,
      body: 'hello',
    })
  })

  it('takes a ticket once', async () => {
    const way = wayIn(on, own)
    expect((await browse(on, own.host, way)).status).toBe(303)
    const again = await browse(on, own.host, way)
    expect(again.status).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.body).toContain('served its turn')
  })

  it('lets nobody in by a ticket that cannot be kept on its disk, and says so; the same works afterwards', async () => {
    const file = join(on.config.home, 'gateway-tickets')
    renameSync(file, `${file}.kept`)
    mkdirSync(file)
    const way = wayIn(on, own)
    const refused = await browse(on, own.host, way, { headers: html })
    rmdirSync(file)
    renameSync(`${file}.kept`, file)
    expect(refused.status).toBe(500)
    expect(refused.body).toContain('Go back to your workspace page and try again')
    expect(refused.headers['set-cookie']).toBeUndefined()
    expect((await browse(on, own.host, way)).status).toBe(303)
  })

  it('takes a ticket once across a restart', async () => {
    const way = wayIn(on, own)
    expect((await browse(on, own.host, way)).status).toBe(303)
    await on.restart()
    expect((await browse(on, own.host, way)).status).toBe(403)
  })

  it('lets who is in already reload the way in', async () => {
    const { cookie } = await enter(on, own)
    const way = wayIn(on, own, '/lab?reset#top')
    await browse(on, own.host, way)
    const again = await browse(on, own.host, way, { headers: { cookie } })
    expect(again).toMatchObject({ status: 303, headers: { location: '/lab?reset#top' } })
    expect(again.headers['set-cookie']).toBeUndefined()
  })

  it('refuses a ticket after 30 s', async () => {
    const way = wayIn(on, own)
    on.clock.now = later(30)
    expect((await browse(on, own.host, way)).status).toBe(403)
    on.clock.now = NOW
  })

  it.each([
    [
      'another key',
      () =>
        mintTicket(
          keyRing({ current: 'k1', keys: { k1: Buffer.alloc(32, 2).toString('base64') } }),
          own,
          NOW,
        ),
    ],
    [
      'an unknown key',
      () =>
        mintTicket(
          keyRing({ current: 'k9', keys: { k9: Buffer.alloc(32, 2).toString('base64') } }),
          own,
          NOW,
        ),
    ],
    ['another generation', () => mintTicket(on.ring, { ...own, generation: 2 }, NOW)],
    ['another person', () => mintTicket(on.ring, { ...own, personId: newId() }, NOW)],
    ['another seat', () => mintTicket(on.ring, { ...own, seatId: newId() }, NOW)],
    ['another host name', () => mintTicket(on.ring, { ...own, hostLabel: 'b'.repeat(26) }, NOW)],
    ['a changed body', () => `A${mintTicket(on.ring, own, NOW).slice(1)}`],
    [
      'a key with an odd name',
      () => `${Buffer.from('{"key":"__proto__"}').toString('base64url')}.AAAA`,
    ],
    ['nothing', () => ''],
    ['nonsense', () => 'a.b.c'],
  ])('refuses a ticket of %s', async (_, ticket) => {
    const answer = await browse(on, own.host, `/.labplan/enter?ticket=${ticket()}`)
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('refuses to read a pass as a ticket, or a ticket as a pass', async () => {
    const { cookie } = await enter(on, own)
    const pass = cookie.split('=')[1]!
    expect((await browse(on, own.host, `/.labplan/enter?ticket=${pass}`)).status).toBe(403)
    const ticket = mintTicket(on.ring, own, NOW)
    expect(
      (await browse(on, own.host, '/', { headers: { cookie: `__Host-labplan-seat=${ticket}` } }))
        .status,
    ).toBe(403)
  })

  it.each([
    ['/tree?x=1', '/tree?x=1'],
    ['//evil.example/', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/', '/'],
    ['/%0d%0aSet-Cookie:x', '/%0d%0aSet-Cookie:x'],
    ['/a/../.labplan/enter', '/'],
    ['/./\t/evil.example', '/evil.example'],
    ['tree', '/'],
  ])('leads %j to %j', async (to, location) => {
    const answer = await browse(on, own.host, wayIn(on, own, to))
    expect(answer.headers.location).toBe(location)
  })

  it('does not spend a ticket on HEAD or POST', async () => {
    const way = wayIn(on, own)
    for (const method of ['HEAD', 'POST'])
      expect((await browse(on, own.host, way, { method })).status).toBe(405)
    expect((await browse(on, own.host, way)).status).toBe(303)
  })
})

describe('who may not', () => {
  it('another student, with a pass for their own seat', async () => {
    const other = await seat(on)
    const theirs = await enter(on, other)
    const before = own.running!.taken()
    for (const headers of [html, { ...html, ...theirs }]) {
      const answer = await browse(on, own.host, '/', { headers })
      expect(answer.status).toBe(403)
      expect(answer.body).toContain('http://labplan.localhost:7080/')
      expect(answer.body).not.toContain(own.workspaceId)
    }
    expect(own.running!.taken()).toEqual(before)
    await other.running!.stop()
  })

  it('says so in the reader’s language, as a page to browsers and as text to programs', async () => {
    const french = await browse(on, own.host, '/', {
      headers: { ...html, 'accept-language': 'de, fr;q=0.8, en;q=0.5' },
    })
    expect(french.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(french.headers['content-language']).toBe('fr')
    expect(french.body).toContain('Cet environnement ne vous est pas ouvert ici')
    expect(french.headers['content-security-policy']).toContain("default-src 'none'")
    expect(french.body).not.toMatch(/<script(?! type="module" src="\/\.labplan\/)|<style/)
    const program = await browse(on, own.host, '/', { headers: { accept: '*/*' } })
    expect(program.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(program.body).toMatch(/^This environment is not open to you here\. .+\n$/)
  })

  it('anybody at a host name that is no seat’s', async () => {
    for (const host of [
      `${'a'.repeat(26)}.${DOMAIN}`,
      DOMAIN,
      `${own.hostLabel}.evil.example`,
      '127.0.0.1',
      `x.${own.host}`,
    ])
      expect((await browse(on, host, '/', { headers: html })).status).toBe(404)
  })

  it('whoever held the seat before: at the next request, and in what is open', async () => {
    const passing = await seat(on, (_, response) => void response.write('first'))
    const pass = await enter(on, passing)
    const open = browse(on, passing.host, '/', { headers: pass })
    await until(() => on.gateway.gate.work.count === 1)
    await on.database.pool.query('update workspace set seat_id = null where id = $1', [
      passing.workspaceId,
    ])
    await tell(on.database, passing)
    await expect(open).rejects.toThrow('aborted')
    expect((await browse(on, passing.host, '/', { headers: pass })).status).toBe(403)
    await passing.running!.stop()
  })

  it('a pass of the generation before', async () => {
    const renewed = await seat(on)
    const pass = await enter(on, renewed)
    await on.database.pool.query('update seat set generation = 2 where id = $1', [renewed.seatId])
    await tell(on.database, renewed)
    await until(() => on.gateway.gate.routes.find(renewed.hostLabel)?.generation === 2)
    expect((await browse(on, renewed.host, '/', { headers: pass })).status).toBe(403)
    await renewed.running!.stop()
  })

  it('a pass for another port of the same seat', async () => {
    const hostLabel = randomLabel(26)
    const other = { ...own, hostLabel, host: `${hostLabel}.${DOMAIN}` }
    await execute(
      on.database.pool,
      sql`insert into seat_port (seat_id, container_port, name, kind, host_label, published_port)
          values (${own.seatId}, 8081, 'other', 'web', ${hostLabel}, ${own.running!.port})`,
    )
    const pass = await enter(on, other)
    expect((await browse(on, other.host, '/', { headers: pass })).status).toBe(200)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(403)
  })

  it('anybody, by HTTP, at a port that is no web port', async () => {
    const hostLabel = randomLabel(26)
    const ssh = { ...own, hostLabel, host: `${hostLabel}.${DOMAIN}` }
    await execute(
      on.database.pool,
      sql`insert into seat_port (seat_id, container_port, name, kind, host_label, published_port)
          values (${own.seatId}, 22, 'ssh', 'ssh', ${hostLabel}, ${own.running!.port})`,
    )
    const pass = await enter(on, ssh)
    expect((await browse(on, ssh.host, '/', { headers: pass })).status).toBe(404)
  })

  it('a pass after 12 hours', async () => {
    const pass = await enter(on, own)
    on.clock.now = later(12 * 3600)
    expect((await browse(on, own.host, '/', { headers: pass })).status).toBe(403)
    on.clock.now = NOW
  })

  it('who has no place yet: the seat may be warm, the class has not begun', async () => {
    const early = await seat(on)
    const pass = await enter(on, early)
    await on.database.pool.query(`update workspace set state = 'closed' where id = $1`, [
      early.workspaceId,
    ])
    await tell(on.database, early)
    await until(() => on.gateway.gate.routes.find(early.hostLabel)?.open === false)
    expect((await browse(on, early.host, '/', { headers: pass })).status).toBe(503)
    await early.running!.stop()
  })
})

it('opens an environment whose start no notice has announced yet', async () => {
  const quick = await seat(on, 'off')
  const pass = await enter(on, quick)
  expect((await browse(on, quick.host, '/', { headers: pass })).status).toBe(503)
  quick.running = await runSeat(on.ring, quick, (_, response) => response.end('there'))
  await writeWhere(on.database.pool, quick.seatId, quick.running)
  expect(await browse(on, quick.host, '/', { headers: pass })).toMatchObject({
    status: 200,
    body: 'there',
  })
  await quick.running.stop()
})

it('lets in whom the notice has not announced yet', async () => {
  const quick = await seat(on, 'off')
  await on.database.pool.query('update workspace set seat_id = null where id = $1', [
    quick.workspaceId,
  ])
  await tell(on.database, quick)
  await until(() => on.gateway.gate.routes.find(quick.hostLabel)?.holders.length === 0)
  await on.database.pool.query('update workspace set seat_id = $2 where id = $1', [
    quick.workspaceId,
    quick.seatId,
  ])
  expect((await browse(on, quick.host, wayIn(on, quick))).status).toBe(303)
})
