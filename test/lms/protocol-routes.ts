// What tools talk to: key set, token, registration, roster, grades. No cookie is looked at here.
import {
  createLineItem,
  deleteLineItem,
  lineItemJson,
  lineItemNumbered,
  lineItemPage,
  lineItemsType,
  lineItemType,
  recordScore,
  resultPage,
  resultsType,
  scoreType,
  updateLineItem,
} from './grades.ts'
import { grantToken, toolWithScope } from './access.ts'
import { openIdConfiguration, register, registrationFaults } from './registration.ts'
import { readForm, readJson, Refusal } from './body.ts'
import { rosterPage, rosterType, spoilBefore, spoilPage } from './roster.ts'
import { rosterScope, scopeOf } from './service-urls.ts'
import type { Context } from 'koa'
import type { Handler, Route } from './router.ts'

const memberships = '/lti/services/CourseSection/:course/bindings/:bound/memberships'
const lineItems = '/lti/services/:course/lineitems'
const lineItem = `${lineItems}/:item/lineitem`

const showKeys: Handler = (platform, ctx) => json(ctx, { keys: [platform.key.publicJwk] })

const showConfiguration: Handler = (platform, ctx) => {
  const fault = registrationFaults.find((one) => one === ctx.query['fault'])
  json(ctx, openIdConfiguration(platform, fault))
}

const takeRegistration: Handler = async (platform, ctx) => {
  const [scheme, token] = ctx.get('authorization').split(' ')
  const bearer = scheme === 'Bearer' ? token : undefined
  json(ctx, await register(platform, bearer, await readJson(ctx.req)))
}

const giveToken: Handler = async (platform, ctx) => {
  ctx.set('Cache-Control', 'no-store')
  json(ctx, await grantToken(platform, await readForm(ctx.req)))
}

const listMembers: Handler = (platform, ctx, { course = '', bound }) => {
  spoilBefore(platform)
  const tool = toolWithScope(platform, ctx.headers, rosterScope)
  if (tool.id !== bound)
    throw new Refusal(403, 'forbidden', 'This roster is bound to another tool.')
  const asked = rosterPage(platform, tool, course, ctx.URL.searchParams)
  page(ctx, spoilPage(platform, asked), rosterType)
}

const listLineItems: Handler = (platform, ctx, { course = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem, scopeOf.lineItemReadOnly)
  page(ctx, lineItemPage(platform, tool, course, ctx.URL.searchParams), lineItemsType)
}

const addLineItem: Handler = async (platform, ctx, { course = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  assertType(ctx, lineItemType)
  const item = createLineItem(platform, tool, course, await readJson(ctx.req))
  ctx.status = 201
  json(ctx, lineItemJson(platform, item), lineItemType)
}

const showLineItem: Handler = (platform, ctx, { course = '', item = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem, scopeOf.lineItemReadOnly)
  const found = lineItemNumbered(platform, tool, course, item)
  json(ctx, lineItemJson(platform, found), lineItemType)
}

const changeLineItem: Handler = async (platform, ctx, { course = '', item = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  assertType(ctx, lineItemType)
  const found = lineItemNumbered(platform, tool, course, item)
  const changed = updateLineItem(platform, found, await readJson(ctx.req))
  json(ctx, lineItemJson(platform, changed), lineItemType)
}

const removeLineItem: Handler = (platform, ctx, { course = '', item = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  deleteLineItem(platform, lineItemNumbered(platform, tool, course, item))
  ctx.status = 204
}

const addScore: Handler = async (platform, ctx, { course = '', item = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.score)
  assertType(ctx, scoreType)
  const found = lineItemNumbered(platform, tool, course, item)
  recordScore(platform, found, await readJson(ctx.req))
  json(ctx, {}, scoreType)
}

const listResults: Handler = (platform, ctx, { course = '', item = '' }) => {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.result)
  const found = lineItemNumbered(platform, tool, course, item)
  page(ctx, resultPage(platform, found, ctx.URL.searchParams), resultsType)
}

function json(ctx: Context, body: object, type = 'application/json'): void {
  ctx.body = JSON.stringify(body)
  ctx.type = type
}

function page(ctx: Context, { body, link }: { body: object; link?: string }, type: string): void {
  json(ctx, body, type)
  if (link !== undefined) ctx.set('Link', link)
}

/** Moodle answers 400 to anything but the service's own media type. */
function assertType(ctx: Context, type: string): void {
  if (ctx.get('content-type').split(';')[0] === type) return
  throw new Refusal(400, 'invalid_request', `Send ${type}.`)
}

export const protocolRoutes: readonly Route[] = [
  ['GET', '/lti/keys', showKeys],
  ['GET', '/lti/openid-configuration', showConfiguration],
  ['POST', '/lti/registration', takeRegistration],
  ['POST', '/lti/token', giveToken],
  ['GET', memberships, listMembers],
  ['GET', lineItems, listLineItems],
  ['POST', lineItems, addLineItem],
  ['GET', lineItem, showLineItem],
  ['PUT', lineItem, changeLineItem],
  ['DELETE', lineItem, removeLineItem],
  ['POST', `${lineItem}/scores`, addScore],
  ['GET', `${lineItem}/results`, listResults],
]
