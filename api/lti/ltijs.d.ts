/** The part of ltijs 5.9.9 that provider.ts uses; the package brings no types. */
declare module 'ltijs' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  /** An Express 4 request, after ltijs's body and cookie parsers. */
  export type LtiRequest = IncomingMessage & {
    path: string
    query: Record<string, unknown>
    body: Record<string, unknown> | undefined
    cookies: Record<string, string>
    signedCookies: Record<string, string | false>
    /** An `ltik` found in the request. */
    token?: string | undefined
  }

  export type CookieOptions = {
    maxAge?: number
    path?: string
    secure?: boolean
    httpOnly?: boolean
    sameSite?: 'None'
    partitioned?: boolean
    signed?: boolean
  }

  /** An Express 4 response. */
  export type LtiResponse = ServerResponse & {
    locals: { err?: { details?: { message?: string } } }
    cookie(name: string, value: string, options: CookieOptions): LtiResponse
    redirect(url: string): void
    status(code: number): LtiResponse
    send(body: unknown): LtiResponse
  }

  export type Middleware = (
    req: LtiRequest,
    res: LtiResponse,
    next: (error?: unknown) => void,
  ) => unknown

  /** Express tells it from a middleware by its four parameters. */
  export type ErrorHandler = (
    error: unknown,
    req: LtiRequest,
    res: LtiResponse,
    next: (error?: unknown) => void,
  ) => unknown

  export type LtiApp = {
    (req: IncomingMessage, res: ServerResponse): void
    use(middleware: Middleware): void
    use(handler: ErrorHandler): void
    disable(setting: string): void
  }

  /** What services (deep linking, roster, grades) need to know of a launch. */
  export type IdToken = {
    iss: string
    clientId: string
    deploymentId: string
    platformContext: {
      deepLinkingSettings?: {
        deep_link_return_url: string
        accept_types: string[]
        accept_multiple: boolean
        data?: string | undefined
      }
    }
  }

  export type Database = {
    setup(): Promise<unknown>
    Close(): Promise<unknown>
    Get(key: string | false, collection: string, query?: Row): Promise<Row[] | false>
    Insert(key: string | false, collection: string, item: Row, index?: Row): Promise<unknown>
    Replace(
      key: string | false,
      collection: string,
      query: Row,
      item: Row,
      index?: Row,
    ): Promise<unknown>
    Modify(key: string | false, collection: string, query: Row, change: Row): Promise<unknown>
    Delete(collection: string, query: Row): Promise<unknown>
  }
  export type Row = Record<string, unknown>

  type Options = {
    appRoute: string
    loginRoute: string
    keysetRoute: string
    dynRegRoute: string
    cookies: { secure: boolean; sameSite: 'None' }
    cors: boolean
    devMode: boolean
    /** Undocumented: hand the verified launch to the callback in the same request, with no ltik in an address. */
    ltiaas: boolean
    tokenMaxAge: number
    serverAddon(app: LtiApp): void
  }

  class ProviderInstance {
    setup(key: string, database: { plugin: Database }, options: Options): this
    app: LtiApp
    onConnect(callback: (token: IdToken, req: LtiRequest, res: LtiResponse) => unknown): void
    onDeepLinking(callback: (token: IdToken, req: LtiRequest, res: LtiResponse) => unknown): void
    onInvalidToken(callback: (req: LtiRequest, res: LtiResponse) => unknown): void
    onSessionTimeout(callback: (req: LtiRequest, res: LtiResponse) => unknown): void
    onUnregisteredPlatform(callback: (req: LtiRequest, res: LtiResponse) => unknown): void
    onInactivePlatform(callback: (req: LtiRequest, res: LtiResponse) => unknown): void
    DeepLinking: {
      createDeepLinkingMessage(token: IdToken, items: Row[]): Promise<string>
    }
  }

  const ltijs: { Provider: ProviderInstance }
  export default ltijs
}
