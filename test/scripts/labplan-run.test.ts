// Runs from the command line, against a running api: list, show, follow as it goes, cancel, retry.
import { afterAll, expect, it } from 'vitest'
import { withTransaction } from '../../api/data/db.ts'
import { isCancelAsked, waitAfterCancel } from '../../api/data/runs/run-control.ts'
import { moveStack, releaseLease } from '../../api/data/runs/stack.ts'
import { labplan } from '../../scripts/labplan.ts'
import { openWebsite } from '../api/website.ts'
import { IN_CLASS, importDocuments } from '../cast/record.ts'
import { SEATS_STACK, after, beginRun, hear, move, step, want } from '../cast/runs.ts'
import { commandLineEnv } from '../api/command-line.ts'

const now = IN_CLASS
const site = await openWebsite(now)
afterAll(() => site.close())
const { pool, ring } = site
await importDocuments(pool, ring, now)
await want(pool, now, { [SEATS_STACK]: 'two-seats' })
const env = commandLineEnv(site)

type Said = { lines: string[]; code: Promise<number>; saw(words: string): Promise<void> }

/** Starts a command; `saw` waits for a line of it. */
function start(...argv: string[]): Said {
  const lines: string[] = []
  const waiting = new Map<string, () => void>()
  const hearLine = (line: string) => {
    lines.push(...line.split('\n'))
    for (const [words, seen] of waiting) if (line.includes(words)) seen()
  }
  const output = { print: hearLine, complain: (line: string) => hearLine(`! ${line}`) }
  const saw = (words: string) =>
    new Promise<void>((resolve) => {
      if (lines.some((line) => line.includes(words))) resolve()
      else waiting.set(words, resolve)
    })
  return { lines, code: labplan(argv, output, env), saw }
}

async function run(...argv: string[]): Promise<string> {
  const { lines, code } = start(...argv)
  const ended = await code
  return blanked([...lines, `exit ${ended}`])
}

const blanked = (lines: string[]) =>
  `${lines.join('\n').replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')}\n`

const made = (address: string) => ({ address: `docker_service.${address}`, action: 'create' })
const first = await beginRun(pool, { key: SEATS_STACK, kind: 'apply', digest: 'two-seats', now })

it('follows a run while it goes, over a restart of the api, and ends with it', async () => {
  const follow = start('run', 'follow', SEATS_STACK)
  await follow.saw('preparing')
  await move(pool, first, 'planning', after(now, 1))
  await step(pool, first, 'plan', [after(now, 1), after(now, 3)])
  await move(pool, first, 'planned', after(now, 3))
  await move(pool, first, 'applying', after(now, 4))
  await hear(pool, first, 1, [{ at: after(now, 4), kind: 'start', ...made('s001') }])
  await follow.saw('… docker_service.s001 create')
  await site.restart()
  await hear(pool, first, 2, [
    { at: after(now, 6), kind: 'end', ...made('s001'), elapsedSeconds: 2 },
    { at: after(now, 7), kind: 'start', ...made('s002') },
    { at: after(now, 8), kind: 'error', ...made('s002') },
    { at: after(now, 8), kind: 'diagnostic', message: 'error: no space left' },
  ])
  await follow.saw('no space left')
  await withTransaction(pool, (tx) =>
    moveStack(tx, first.lease, { state: 'failed', message: 'no space left', now }),
  )
  await move(pool, first, 'failed', after(now, 9), { message: 'no space left' })
  await releaseLease(pool, first.lease)
  expect(await follow.code).toBe(1)
  await expect(blanked(follow.lines)).toMatchFileSnapshot('expected/labplan-run-follow.txt')
})

it('lists runs and shows where the time of one went', async () => {
  await expect(
    [
      await run('run', 'list'),
      await run('run', 'list', SEATS_STACK, '--state', 'trouble'),
      await run('run', 'list', '--state', 'applied'),
      await run('run', 'show', SEATS_STACK),
    ].join('\n'),
  ).toMatchFileSnapshot('expected/labplan-run.txt')
})

it('tries again, cancels, and says why not', async () => {
  const retried = await run('run', 'retry', SEATS_STACK)
  const second = await beginRun(pool, {
    ...{ key: SEATS_STACK, kind: 'apply', digest: 'two-seats' },
    now: after(now, 60),
  })
  const cancelled = await run('run', 'cancel', second.id)
  expect(await isCancelAsked(pool, second.id)).toBe(true)
  const asked = [
    await run('run', 'retry', second.id),
    await run('run', 'list', '--state', 'under-way'),
  ]
  await withTransaction(pool, async (tx) => {
    await waitAfterCancel(tx, second.lease, { id: second.id, now: after(now, 62) })
    await moveStack(tx, second.lease, { state: 'failed', message: 'Cancelled.', now })
  })
  await move(pool, second, 'cancelled', after(now, 62), { message: 'Cancelled during plan.' })
  await releaseLease(pool, second.lease)
  await expect(
    [
      retried,
      cancelled,
      ...asked,
      await run('run', 'cancel', second.id),
      await run('run', 'follow', second.id),
      await run('run', 'show', 'no-such-run'),
      await run('run', 'show'),
      await run('run', 'list', '--state', 'merry'),
    ].join('\n'),
  ).toMatchFileSnapshot('expected/labplan-run-acts.txt')
})

it('speaks JSON, one object a line while it follows', async () => {
  const follow = start('run', 'follow', first.id, '--json')
  expect(await follow.code).toBe(1)
  const said = follow.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(said.at(0)).toMatchObject({ id: 'state:preparing', state: 'preparing' })
  expect(said.at(-1)).toMatchObject({ id: first.id, state: 'failed', steps: [{ name: 'plan' }] })
  const list = start('run', 'list', '--json')
  expect(await list.code).toBe(0)
  expect(JSON.parse(list.lines[0] ?? '')).toMatchObject({
    runs: [{ state: 'cancelled' }, { state: 'failed', stack: SEATS_STACK }],
  })
})
