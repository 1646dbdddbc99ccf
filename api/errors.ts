/**
 * What goes wrong in a way a person can act on. `code` is a message of the catalogue (messages/problem.ts),
 * rendered in the reader's language as a page or as JSON. Anything else that is thrown is a bug of ours: it is
 * logged with its cause, and the reader learns only that it happened.
 */
export type Params = Record<string, string | number>

export class Problem extends Error {
  status: number
  code: string
  params: Params
  /** Beside code and message in the JSON answer, for programs: the errors of an import. */
  detail: Record<string, unknown>

  constructor(
    status: number,
    code: string,
    { params = {}, detail = {} }: { params?: Params; detail?: Record<string, unknown> } = {},
  ) {
    super(code)
    this.status = status
    this.code = code
    this.params = params
    this.detail = detail
  }
}

export const badRequest = (code = 'problem.bad-request', params: Params = {}) =>
  new Problem(400, code, { params })
export const signInFirst = () => new Problem(401, 'problem.sign-in')
export const notAllowed = (code = 'problem.not-allowed') => new Problem(403, code)
/** Also the answer for what exists and is somebody else's: its existence is nobody's business. */
export const notFound = () => new Problem(404, 'problem.not-found')
export const conflict = (code: string, params: Params = {}) => new Problem(409, code, { params })
