// The files of public/, read once.
import { readFileSync } from 'node:fs'
import { Refusal } from './body.ts'
import type { Context } from 'koa'
import type { Params } from './router.ts'

const files = new Map(
  ['lms.css', 'lms.js', 'icon.svg', 'terminal.svg', 'plug.svg'].map((name) => {
    return [name, readFileSync(new URL(`public/${name}`, import.meta.url))]
  }),
)

export function serveStatic(ctx: Context, { file = '' }: Params): void {
  const content = files.get(file)
  if (!content) throw new Refusal(404, 'not_found', 'There is nothing at this address.')
  ctx.type = file.slice(file.lastIndexOf('.'))
  ctx.set('Cache-Control', 'no-cache')
  ctx.body = content
}
