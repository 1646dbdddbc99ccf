/**
 * What is known of the LTI request being answered. ltijs calls its Database plugin without saying for which
 * request; through this scope the plugin answers from what the guard has already read: the platform, and the
 * one key its token is signed with. So a launch asks the database and the LMS once, not at every step.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { LtiPlatform } from '../data/lti-store.ts'

export type Scope = {
  platform: LtiPlatform
  /** PEM of the platform's key that the token names; only in a launch. */
  signingKey?: string
  /** The token's payload: to be believed only after ltijs verified the signature. */
  payload?: unknown
}

export const scope = new AsyncLocalStorage<Scope>()
