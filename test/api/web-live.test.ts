// Pages that follow what happens: the stream says what is, then what changes, and nothing twice.
import { request } from 'node:http'
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { stopWorkspace } from '../../api/data/workspaces/workspace-act.ts'
import {
  IN_CLASS,
  type SignedIn,
  addLmsCourse,
  importDocuments,
  launch,
  seatReady,
  signIn,
} from '../cast/record.ts'
import { networksDocument } from '../cast/documents.ts'
import { textOf } from './page-text.ts'
import { openWebsite } from './website.ts'

const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, now)
await importDocuments(pool, ring, now, [{ name: 'n.yaml', text: networksDocument(30, 1) }])
const contextId = await addLmsCourse(pool, { courseKey: 'networks-101', contextId: '2', now })
const student = await signIn(pool, { name: 'Student One', contextId, now })
const next = await signIn(pool, { name: 'Student Two', contextId, now })
const teacher = await signIn(pool, { contextId, role: 'teacher', now })
const start = (who: SignedIn) =>
  launch(pool, { personId: who.personId, courseKey: 'networks-101', now })
const mine = await start(student)
const waiting = await start(next)

type Stream = {
  views: string[]
  /** Resolves with the first view from `from` on that has `words` in it. */
  sees(words: string): Promise<string>
  ended: Promise<void>
  close(): void
}

function follow(path: string, who: SignedIn, accept?: string): Promise<Stream> {
  const { promise, resolve, reject } = Promise.withResolvers<Stream>()
  const views: string[] = []
  const watchers = new Set<() => void>()
  const end = Promise.withResolvers<void>()
  const url = new URL(site.origin + path)
  const call = request(
    {
      host: '127.0.0.1',
      port: url.port,
      path,
      headers: { host: url.host, cookie: `__Host-labplan=${who.token}`, ...(accept && { accept }) },
    },
    (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(`${path}: ${answer.statusCode}`))
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        const blocks = (text += chunk).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks.filter((one) => one.startsWith('event: view')))
          views.push(textOf(block.replaceAll(/^(event: view|data: )\n?/gm, '')))
        for (const look of watchers) look()
      })
      answer.on('close', end.resolve)
      resolve({ views, sees, ended: end.promise, close: () => call.destroy() })
    },
  )
  call.on('error', reject).end()
  const sees = (words: string) => {
    const seen = Promise.withResolvers<string>()
    const look = () => {
      const found = views.find((view) => view.includes(words))
      if (found !== undefined) seen.resolve(found)
    }
    watchers.add(look)
    look()
    return seen.promise
  }
  return promise
}

it('says at once what is, and then what changes, each thing once', async () => {
  const stream = await follow(`/workspaces/${mine.id}/events`, student)
  await stream.sees('Getting ready')
  await seatReady(pool, mine.id, now)
  expect(await stream.sees('[ Start Web terminal ]')).toContain('ssh -p 32769')
  // A notice that changes nothing sends nothing.
  await pool.query(`select pg_notify('workspace', $1)`, [mine.id])
  await pool.query(`select pg_notify('workspace', $1)`, [waiting.id])
  await withTransaction(pool, (tx) =>
    stopWorkspace(tx, { workspaceId: mine.id, actor: { name: 'x', role: 'student' }, now }),
  )
  await stream.sees('Stopping')
  expect(stream.views, stream.views.join('\n---\n')).toHaveLength(3)
  stream.close()
})

it('lets two tabs follow, and forgets a tab that was closed', async () => {
  const tabs = await Promise.all([1, 2].map(() => follow(`/workspaces/${waiting.id}/events`, next)))
  await Promise.all(tabs.map((tab) => tab.sees('You are next.')))
  tabs[0]?.close()
  await tabs[0]?.ended
  await pool.query(`update workspace set state = 'starting' where id = $1`, [waiting.id])
  await pool.query(`select pg_notify('workspace', $1)`, [waiting.id])
  await tabs[1]?.sees('Getting ready')
  expect(tabs[0]?.views).toHaveLength(1)
  tabs[1]?.close()
})

it('shows the teacher the class as it moves', async () => {
  const stream = await follow('/courses/networks-101/events', teacher)
  await stream.sees('Student Two')
  await seatReady(pool, waiting.id, now)
  await stream.sees('2 | Student Two | in use')
  stream.close()
})

it('catches up on what was missed while the database was away', async () => {
  await pool.query(`update workspace set state = 'starting' where id = $1`, [waiting.id])
  const stream = await follow(`/workspaces/${waiting.id}/events`, next)
  await stream.sees('Getting ready')
  // The notice is lost with the connection that would have heard it.
  await pool.query(`update workspace set state = 'ready' where id = $1`, [waiting.id])
  await pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'labplan-listen' and datname = current_database()`,
  )
  await stream.sees('[ Start Web terminal ]')
  stream.close()
})

it('tells who comes back after their sign-in ended, or as somebody else, what to do instead', async () => {
  const path = `/workspaces/${waiting.id}/events`
  const browser = 'text/event-stream'
  site.setNow(new Date(now.getTime() + 13 * 3_600_000))
  const late = await follow(path, next, browser)
  expect(await late.sees('Please come in through your LMS')).toContain(
    'Open the activity in your LMS',
  )
  late.close()
  site.setNow(now)
  const other = await follow(path, student, browser)
  const seen = await other.sees('There is nothing here')
  expect(seen).toContain('somebody else may have come in with this browser')
  expect(seen).not.toContain('Networks')
  // It ends by itself, so that the page is whole again once they are back.
  await other.ended
  // Programs hear it as before.
  await expect(follow(path, student)).rejects.toThrow('404')
})

it('says the same on a page that is asked for', async () => {
  const { status, text } = await site.get(`/workspaces/${waiting.id}`, { who: student })
  expect(status).toBe(404)
  expect(text).toContain('somebody else may have come in with this browser')
  expect((await site.get('/nothing-here', { who: student })).text).not.toContain('this browser')
})

it('ends streams when the server stops, so that browsers come back to the next one', async () => {
  const stream = await follow(`/workspaces/${waiting.id}/events`, next)
  await stream.sees('[ Start Web terminal ]')
  const restarted = site.restart()
  await stream.ended
  await restarted
  const again = await follow(`/workspaces/${waiting.id}/events`, next)
  await again.sees('[ Start Web terminal ]')
  again.close()
})

it('ends in the visitor’s own hour: a login that is over opens no new stream', async () => {
  site.setNow(new Date(now.getTime() + 13 * 3600_000))
  await expect(follow(`/workspaces/${waiting.id}/events`, next)).rejects.toThrow('401')
  site.setNow(now)
})
