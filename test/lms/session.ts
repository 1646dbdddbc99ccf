// Who sits at the browser. There are no passwords here: everybody may be anybody.
import { findPerson, languageOf } from './platform.ts'
import { Refusal } from './body.ts'
import type { Context } from 'koa'
import type { Language, Person } from '../cast/people.ts'
import type { Platform } from './platform.ts'

const cookieName = 'practice_lms'

/** Who reads a page, and in which language. */
export type Viewer = { person?: Person; language: Language }

/** The same on pages that nobody sees before choosing. */
export type Reader = Viewer & { person: Person }

export function findSessionPerson(platform: Platform, ctx: Context): Person | undefined {
  return findPerson(platform, ctx.cookies.get(cookieName))
}

export function sessionPerson(platform: Platform, ctx: Context): Person {
  const person = findSessionPerson(platform, ctx)
  if (person) return person
  throw new Refusal(401, 'login_needed', 'First choose who you are.')
}

export function siteAdministrator(platform: Platform, ctx: Context): Person {
  const person = sessionPerson(platform, ctx)
  if (person.siteAdmin) return person
  throw new Refusal(403, 'access_denied', 'This page is the site administrator’s.')
}

export function viewerOf(platform: Platform, ctx: Context): Viewer {
  const person = findSessionPerson(platform, ctx)
  if (person) return { person, language: languageOf(platform, person) }
  return { language: ctx.acceptsLanguages('en', 'fr') === 'fr' ? 'fr' : 'en' }
}

/** Lax, as Moodle's on plain HTTP: answers posted by a tool arrive without it, hence the repost page. */
export function setSession(ctx: Context, person: Person | undefined): void {
  ctx.cookies.set(cookieName, person?.username ?? null, {
    httpOnly: true,
    sameSite: 'lax',
    overwrite: true,
  })
}
