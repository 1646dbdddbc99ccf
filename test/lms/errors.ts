// Refusals become JSON for tools and a page for people; anything else is a bug of ours and says so.
import { errorPage } from './pages/message.ts'
import { Refusal } from './body.ts'
import { viewerOf } from './session.ts'
import type { Context, Next } from 'koa'
import type { Platform } from './platform.ts'

export function answerErrors(platform: Platform) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next()
    } catch (error) {
      const refusal = error instanceof Refusal ? error : unexpected(error)
      ctx.status = refusal.status
      if (isForPeople(ctx)) {
        ctx.type = 'html'
        ctx.body = String(await errorPage(viewerOf(platform, ctx), refusal.message))
      } else {
        ctx.body = { error: refusal.code, error_description: refusal.message }
      }
    }
  }
}

function unexpected(error: unknown): Refusal {
  console.error(error)
  return new Refusal(500, 'server_error', 'The practice LMS made a mistake; its log says which.')
}

function isForPeople(ctx: Context): boolean {
  return ctx.get('accept').includes('text/html')
}

/** No third-party request, no inline script; frames and forms lead to tools, which may be anywhere. */
export async function securityHeaders(ctx: Context, next: Next): Promise<void> {
  ctx.set(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
      "frame-src http: https:; form-action http: https:; frame-ancestors 'self'; base-uri 'none'",
  )
  ctx.set('X-Content-Type-Options', 'nosniff')
  await next()
}
