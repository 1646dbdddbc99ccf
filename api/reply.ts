/** Writes replies to the wire: pages, JSON, redirects, event streams, files. */
import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import { findAsset } from './assets.ts'
import { writtenCookie } from './cookies.ts'
import type { Events, Reply } from './visit.ts'

const BEAT_MS = 15_000

export function sendReply(ctx: Context, reply: Reply, stopping: AbortSignal): void {
  ctx.status = reply.status ?? 200
  ctx.set('cache-control', 'no-store')
  ctx.set(reply.headers ?? {})
  if (reply.cookies) ctx.set('set-cookie', reply.cookies.map(writtenCookie))
  if ('seeOther' in reply) {
    ctx.status = 303
    ctx.set('location', reply.seeOther)
    ctx.body = ''
  } else if ('html' in reply) {
    ctx.type = 'text/html; charset=utf-8'
    ctx.body = `<!doctype html>\n${reply.html}`
  } else if ('json' in reply) {
    ctx.body = reply.json
  } else if ('text' in reply) {
    ctx.body = reply.text
  } else if ('file' in reply) {
    const { name, type, stream: bytes, bytes: length } = reply.file
    ctx.set('content-disposition', attachment(name))
    // Whatever is in it, a browser neither shows nor runs it on our pages' behalf.
    ctx.set('content-security-policy', `default-src 'none'; sandbox`)
    ctx.set('content-type', type)
    if (length !== undefined) ctx.length = length
    ctx.body = bytes
  } else stream(ctx, reply.events, stopping)
}

/** RFC 6266: the name in UTF-8, and one in ASCII for who reads no other. */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%/]/g, '_')
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** Server-sent events (WHATWG HTML §9.2), with a beat so that both ends notice a dead line. */
function stream(ctx: Context, events: Events, stopping: AbortSignal): void {
  const out = new PassThrough()
  const gone = new AbortController()
  const beat = setInterval(() => write('beat', ''), BEAT_MS)
  const end = () => out.end()
  const write = (event: string, data: string) => {
    if (!out.writable) return
    out.write(`event: ${event}\n${data.replaceAll(/^/gm, 'data: ')}\n\n`)
  }
  out.on('close', () => {
    clearInterval(beat)
    stopping.removeEventListener('abort', end)
    gone.abort()
  })
  stopping.addEventListener('abort', end)
  ctx.type = 'text/event-stream; charset=utf-8'
  ctx.set('x-accel-buffering', 'no')
  out.write('retry: 1000\n\n')
  ctx.body = out
  events.start(write, gone.signal, end)
}

/** A file of api/public; for good when its address carries the hash of its content. */
export function sendAsset(ctx: Context): void {
  const asset = findAsset(ctx.path.slice('/public/'.length))
  if (!asset) return void (ctx.status = 404)
  const isPinned = ctx.query['v'] === asset.version
  ctx.set('cache-control', isPinned ? 'public, max-age=31536000, immutable' : 'no-cache')
  ctx.set('x-content-type-options', 'nosniff')
  ctx.set('content-type', asset.type)
  ctx.body = asset.bytes
}
