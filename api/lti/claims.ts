/**
 * What a launch says, read once and strictly (LTI 1.3 core §5.3 and §5.4, Deep Linking 2.0 §4, NRPS 2.0, AGS 2.0).
 * Names are optional; PHP platforms send [] where an object would be empty, and others null where they say nothing.
 */
import { z } from 'zod'
import { seatPath } from '../../stacks/rules/seat-path.ts'

const lti = 'https://purl.imsglobal.org/spec/lti/claim'
const membership = 'http://purl.imsglobal.org/vocab/lis/v2/membership'

const text = z.string().min(1).max(2000)
// PostgreSQL keeps no NUL: a number with one is none, and a name is as good without.
const number = z
  .string()
  .max(255)
  .refine((said) => !said.includes('\0'))
const spoken = z.string().transform((said) => said.replaceAll('\0', ''))
const name = spoken.pipe(z.string().max(255)).optional().catch(undefined)
const title = spoken.optional().catch(undefined)
// An address that is none is as good as no address: a launch is not refused for it.
const email = z.email().max(254).optional().catch(undefined)
const objectOf = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((value) => (Array.isArray(value) && value.length === 0 ? {} : value), shape)

const claims = z.object({
  iss: text,
  sub: number.min(1),
  iat: z.number(),
  exp: z.number(),
  name,
  given_name: name,
  family_name: name,
  email,
  [`${lti}/message_type`]: z.enum(['LtiResourceLinkRequest', 'LtiDeepLinkingRequest']),
  [`${lti}/version`]: z.literal('1.3.0'),
  [`${lti}/deployment_id`]: number.min(1),
  [`${lti}/roles`]: z.array(z.string()),
  [`${lti}/context`]: objectOf(
    z.object({
      id: number.optional(),
      label: title,
      title,
    }),
  ).optional(),
  [`${lti}/resource_link`]: objectOf(z.object({ id: number.optional() })).optional(),
  [`${lti}/launch_presentation`]: objectOf(
    z.object({ locale: z.string().optional().catch(undefined) }),
  ).optional(),
  [`${lti}/custom`]: objectOf(z.record(z.string(), z.unknown())).optional(),
  'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice': objectOf(
    z.object({ context_memberships_url: z.url().optional().catch(undefined) }),
  ).optional(),
  'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint': objectOf(
    z.object({ lineitem: z.url().optional().catch(undefined) }),
  ).optional(),
  'https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings': z
    .object({
      deep_link_return_url: z.url({ protocol: /^https?$/ }),
      accept_types: z.array(z.string()),
      data: z.string().optional(),
    })
    .optional(),
})

export type LaunchClaims = {
  sub: string
  issuedAt: Date
  displayName: string | null
  email: string | null
  locale: 'en' | 'fr'
  messageType: 'LtiResourceLinkRequest' | 'LtiDeepLinkingRequest'
  deploymentId: string
  role: 'student' | 'teacher'
  context: { id: string; label: string | null; title: string | null } | undefined
  resourceLinkId: string | undefined
  custom: Record<string, unknown>
  /** A path of the environment, from the activity's custom parameter `path`; whoever edits the activity writes it. */
  openPath: string | undefined
  rosterUrl: string | null
  lineItemUrl: string | null
  deepLinking: { returnUrl: string; acceptTypes: string[]; data?: string | undefined } | undefined
}

/** Undefined with the name of the first claim that is missing or not of its form. */
export function readClaims(payload: unknown): { claims: LaunchClaims } | { wrongClaim: string } {
  const parsed = claims.safeParse(withoutNulls(payload))
  if (!parsed.success) return { wrongClaim: String(parsed.error.issues[0]?.path[0] ?? 'payload') }
  const c = parsed.data
  const context = c[`${lti}/context`]
  const settings = c['https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings']
  return {
    claims: {
      sub: c.sub,
      issuedAt: new Date(c.iat * 1000),
      displayName: displayName(c),
      email: c.email ?? null,
      locale: localeOf(c[`${lti}/launch_presentation`]?.locale),
      messageType: c[`${lti}/message_type`],
      deploymentId: c[`${lti}/deployment_id`],
      role: roleIn(c[`${lti}/roles`]),
      context: context?.id
        ? { id: context.id, label: context.label ?? null, title: context.title ?? null }
        : undefined,
      resourceLinkId: c[`${lti}/resource_link`]?.id || undefined,
      custom: c[`${lti}/custom`] ?? {},
      openPath: pathIn(c[`${lti}/custom`]),
      rosterUrl:
        c['https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice']
          ?.context_memberships_url ?? null,
      lineItemUrl: c['https://purl.imsglobal.org/spec/lti-ags/claim/endpoint']?.lineitem ?? null,
      deepLinking: settings && {
        returnUrl: settings.deep_link_return_url,
        acceptTypes: settings.accept_types,
        data: settings.data,
      },
    },
  }
}

function withoutNulls(payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return payload
  return Object.fromEntries(
    Object.entries(payload).flatMap(([claim, value]) =>
      value === null ? [] : [[claim, withoutNulls(value)]],
    ),
  )
}

const pathIn = (custom: Record<string, unknown> = {}): string | undefined =>
  typeof custom['path'] === 'string' ? seatPath(custom['path']) : undefined

function displayName(c: z.infer<typeof claims>): string | null {
  const parts = [c.given_name, c.family_name].filter(Boolean)
  return c.name || parts.join(' ') || null
}

/**
 * Full URIs only, and only the role in this course: an unknown role, a system role or a short name makes
 * nobody a teacher. (Moodle sends Instructor for assistants too; editing a plan asks for more, see person.ts.)
 */
function roleIn(roles: string[]): 'student' | 'teacher' {
  return roles.includes(`${membership}#Instructor`) ? 'teacher' : 'student'
}

export const localeOf = (tag: string | undefined): 'en' | 'fr' =>
  /^fr\b|^fr_/i.test(tag ?? '') ? 'fr' : 'en'

const peek = z.object({
  header: z.object({ alg: z.string(), kid: z.string().optional() }),
  payload: z.looseObject({
    iss: z.unknown().optional(),
    aud: z.unknown().optional(),
    azp: z.unknown().optional(),
    nonce: z.unknown().optional(),
  }),
})

/** The token's parts before anything of it is believed; undefined when it is no JWT (RFC 7519). */
export function peekToken(token: unknown): z.infer<typeof peek> | undefined {
  if (typeof token !== 'string') return undefined
  const [header, payload, signature] = token.split('.')
  if (signature === undefined) return undefined
  return peek.safeParse({ header: decodePart(header), payload: decodePart(payload) }).data
}

function decodePart(part: string | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}

/** The locale a token asks for, good enough to write an error page in. */
export function peekLocale(payload: Record<string, unknown>): 'en' | 'fr' | undefined {
  const presentation = payload[`${lti}/launch_presentation`]
  if (typeof presentation !== 'object' || presentation === null) return undefined
  const locale = 'locale' in presentation ? presentation.locale : undefined
  return typeof locale === 'string' ? localeOf(locale) : undefined
}
