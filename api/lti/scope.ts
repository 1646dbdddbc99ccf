/**
 * What is known of the LTI request being answered. ltijs calls its Database plugin without saying for which
 * request; through this scope the plugin answers from what the guard has already read: the platform, and the
 * one key its token is signed with. So a launch asks the database and the LMS once, not at every step.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { KeyObject } from 'node:crypto'
import type { LtiPlatform } from '../data/lms/lti-store.ts'

export type Scope = {
  platform: LtiPlatform
  /** The platform's key that the token names; only in a launch. Parsed once, not at each launch. */
  signingKey?: KeyObject
  /** The token's payload: to be believed only after ltijs verified the signature. */
  payload?: unknown
}

export const scope = new AsyncLocalStorage<Scope>()
