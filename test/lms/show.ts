// What the routes of people's pages share: who reads, and how a page goes out.
import { postingPage } from './pages/message.ts'
import { sessionPerson, viewerOf } from './session.ts'
import type { Context } from 'koa'
import type { Html } from './pages/layout.ts'
import type { Platform } from './platform.ts'
import type { PostForm } from './launch.ts'
import type { Reader } from './session.ts'

export async function show(ctx: Context, page: Html): Promise<void> {
  ctx.type = 'html'
  ctx.set('Cache-Control', 'no-store')
  ctx.body = String(await page)
}

export function readerOf(platform: Platform, ctx: Context): Reader {
  return { ...viewerOf(platform, ctx), person: sessionPerson(platform, ctx) }
}

/** Sends the browser on with a form it posts by itself. */
export function post(platform: Platform, ctx: Context, form: PostForm): Promise<void> {
  return show(ctx, postingPage(viewerOf(platform, ctx), form))
}

/** To the login page, and from there to where one wanted to be. */
export function askWho(ctx: Context): void {
  ctx.redirect(`/login?next=${encodeURIComponent(ctx.path)}`)
}
