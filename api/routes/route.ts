/** How a line of the route table is made, and how a request finds its line. */
import { z } from 'zod'
import type { Access } from '../access.ts'
import type { Handler, Reply, Visit } from '../visit.ts'

export type Method = 'GET' | 'POST'

export type Route = {
  method: Method
  /** `/workspaces/:workspace`: a name with a colon is a parameter, one path segment. */
  pattern: string
  /** What it is for, in a few words: the summary in the OpenAPI document. */
  does: string
  body: z.ZodType | undefined
  /** The name of the rule that guards it. */
  access: string
  /** Whether a door pass in the body may stand for the login (see door-pass.ts). */
  takesPass: boolean
  answer(visit: Visit): Promise<Reply>
}

/** The body of a form that says all by its address. */
export const nothing = z.object({})

export function get<Subject>(
  pattern: string,
  access: Access<Subject>,
  handler: Handler<Subject>,
  does: string,
): Route {
  return {
    ...{ method: 'GET', pattern, does, body: undefined, access: access.name, takesPass: false },
    answer: async (visit) => handler(visit, await access(visit)),
  }
}

export function post<Subject, Body extends z.ZodType>(
  pattern: string,
  access: Access<Subject>,
  body: Body,
  handler: Handler<Subject, z.infer<Body>>,
  does: string,
): Route {
  return {
    ...{ method: 'POST', pattern, does, body, access: access.name, takesPass: false },
    answer: async (visit) => handler(visit as Visit<z.infer<Body>>, await access(visit)),
  }
}

export type Found = { route: Route; params: Record<string, string> }

/** Finds routes by path; answers what methods a known path has, for the 405. */
export function routeFinder(routes: Route[]) {
  const lines = routes.map((route) => ({ route, segments: route.pattern.split('/') }))
  return (method: string, path: string): Found | { allowed: string[] } => {
    const asked = path.split('/')
    const allowed: string[] = []
    for (const { route, segments } of lines) {
      const params = matched(segments, asked)
      if (!params) continue
      if (route.method === method) return { route, params }
      allowed.push(route.method)
    }
    return { allowed }
  }
}

function matched(segments: string[], asked: string[]): Record<string, string> | undefined {
  if (segments.length !== asked.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, segment] of segments.entries()) {
    const part = asked[i] ?? ''
    if (segment.startsWith(':')) {
      if (part === '') return undefined
      params[segment.slice(1)] = part
    } else if (segment !== part) return undefined
  }
  return params
}
