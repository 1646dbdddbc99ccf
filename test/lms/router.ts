// The smallest router that reads well: a list of method, path with `:names`, and what answers.
import { Refusal } from './body.ts'
import type { Context } from 'koa'
import type { Platform } from './platform.ts'

export type Params = Record<string, string>
export type Handler = (platform: Platform, ctx: Context, params: Params) => void | Promise<void>
export type Route = [method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, handler: Handler]

export function router(platform: Platform, routes: readonly Route[]) {
  const compiled = routes.map(([method, path, handler]) => {
    return { method, handler, pattern: compilePath(path) }
  })
  return async (ctx: Context): Promise<void> => {
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const matches = compiled.filter(({ pattern }) => pattern.test(ctx.path))
    const route = matches.find((one) => one.method === method)
    if (route) return route.handler(platform, ctx, paramsOf(route.pattern, ctx.path))
    if (matches.length > 0) throw new Refusal(405, 'method_not_allowed', `Not with ${ctx.method}.`)
    throw new Refusal(404, 'not_found', 'There is nothing at this address.')
  }
}

function compilePath(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:(\w+)/gu, '(?<$1>[^/]+)')}$`, 'u')
}

function paramsOf(pattern: RegExp, path: string): Params {
  const groups = pattern.exec(path)?.groups ?? {}
  return Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value ?? '')]),
  )
}
