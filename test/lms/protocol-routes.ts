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
import { publicKeySet } from './keys.ts'
import { readForm, readJson, Refusal } from './body.ts'
import { rosterPage, rosterType } from './roster.ts'
import { rosterScope, scopeOf } from './service-urls.ts'
import type { Context } from 'koa'
import type { Params, Route } from './router.ts'
import type { Platform } from './platform.ts'

const services = '/lti/services'

export function protocolRoutes(platform: Platform): Route[] {
  return [
    ['GET', '/lti/keys', async (ctx) => json(ctx, await publicKeySet(platform.key))],
    ['GET', '/lti/openid-configuration', (ctx) => configuration(platform, ctx)],
    ['POST', '/lti/registration', (ctx) => registration(platform, ctx)],
    ['POST', '/lti/token', (ctx) => token(platform, ctx)],
    [
      'GET',
      `${services}/CourseSection/:course/bindings/:tool/memberships`,
      (ctx, params) => roster(platform, ctx, params),
    ],
    ['GET', `${services}/:course/lineitems`, (ctx, params) => listLineItems(platform, ctx, params)],
    ['POST', `${services}/:course/lineitems`, (ctx, params) => addLineItem(platform, ctx, params)],
    [
      'GET',
      `${services}/:course/lineitems/:item/lineitem`,
      (ctx, params) => showLineItem(platform, ctx, params),
    ],
    [
      'PUT',
      `${services}/:course/lineitems/:item/lineitem`,
      (ctx, params) => changeLineItem(platform, ctx, params),
    ],
    [
      'DELETE',
      `${services}/:course/lineitems/:item/lineitem`,
      (ctx, params) => removeLineItem(platform, ctx, params),
    ],
    [
      'POST',
      `${services}/:course/lineitems/:item/lineitem/scores`,
      (ctx, params) => addScore(platform, ctx, params),
    ],
    [
      'GET',
      `${services}/:course/lineitems/:item/lineitem/results`,
      (ctx, params) => listResults(platform, ctx, params),
    ],
  ]
}

function json(ctx: Context, body: object, type = 'application/json'): void {
  ctx.body = JSON.stringify(body)
  ctx.type = type
}

function page(ctx: Context, { body, link }: { body: object; link?: string }, type: string): void {
  json(ctx, body, type)
  if (link !== undefined) ctx.set('Link', link)
}

function configuration(platform: Platform, ctx: Context): void {
  const fault = registrationFaults.find((one) => one === ctx.query['fault'])
  json(ctx, openIdConfiguration(platform, fault))
}

async function registration(platform: Platform, ctx: Context): Promise<void> {
  const [scheme, bearer] = ctx.get('authorization').split(' ')
  json(
    ctx,
    await register(platform, scheme === 'Bearer' ? bearer : undefined, await readJson(ctx.req)),
  )
}

async function token(platform: Platform, ctx: Context): Promise<void> {
  ctx.set('Cache-Control', 'no-store')
  json(ctx, await grantToken(platform, await readForm(ctx.req)))
}

function roster(platform: Platform, ctx: Context, { course = '', tool: bound }: Params): void {
  const tool = toolWithScope(platform, ctx.headers, rosterScope)
  if (tool.id !== bound)
    throw new Refusal(403, 'forbidden', 'This roster is bound to another tool.')
  page(ctx, rosterPage(platform, tool, course, ctx.URL.searchParams), rosterType)
}

function listLineItems(platform: Platform, ctx: Context, { course = '' }: Params): void {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem, scopeOf.lineItemReadOnly)
  page(ctx, lineItemPage(platform, tool, course, ctx.URL.searchParams), lineItemsType)
}

async function addLineItem(
  platform: Platform,
  ctx: Context,
  { course = '' }: Params,
): Promise<void> {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  assertType(ctx, lineItemType)
  const item = createLineItem(platform, tool, course, await readJson(ctx.req))
  ctx.status = 201
  json(ctx, lineItemJson(platform, item), lineItemType)
}

function showLineItem(platform: Platform, ctx: Context, { course = '', item = '' }: Params): void {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem, scopeOf.lineItemReadOnly)
  const found = lineItemNumbered(platform, tool, course, item)
  json(ctx, lineItemJson(platform, found), lineItemType)
}

async function changeLineItem(
  platform: Platform,
  ctx: Context,
  { course = '', item = '' }: Params,
): Promise<void> {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  assertType(ctx, lineItemType)
  const found = lineItemNumbered(platform, tool, course, item)
  const changed = updateLineItem(platform, found, await readJson(ctx.req))
  json(ctx, lineItemJson(platform, changed), lineItemType)
}

function removeLineItem(
  platform: Platform,
  ctx: Context,
  { course = '', item = '' }: Params,
): void {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.lineItem)
  deleteLineItem(platform, lineItemNumbered(platform, tool, course, item))
  ctx.status = 204
}

async function addScore(
  platform: Platform,
  ctx: Context,
  { course = '', item = '' }: Params,
): Promise<void> {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.score)
  assertType(ctx, scoreType)
  const found = lineItemNumbered(platform, tool, course, item)
  recordScore(platform, found, await readJson(ctx.req))
  ctx.status = 200
  json(ctx, {}, scoreType)
}

function listResults(platform: Platform, ctx: Context, { course = '', item = '' }: Params): void {
  const tool = toolWithScope(platform, ctx.headers, scopeOf.result)
  const found = lineItemNumbered(platform, tool, course, item)
  page(ctx, resultPage(platform, found, ctx.URL.searchParams), resultsType)
}

/** Moodle answers 400 to anything but the service's own media type. */
function assertType(ctx: Context, type: string): void {
  if (ctx.get('content-type').split(';')[0] === type) return
  throw new Refusal(400, 'invalid_request', `Send ${type}.`)
}
