/** One part looked at: what is so, and what to do when it should not be. */

export type Look = {
  /** unknown: what it stands on is not there, and that is said elsewhere. */
  state: 'good' | 'doubtful' | 'bad' | 'unknown'
  says: string
  todo?: string
}
export type Looks = [part: string, look: Look][]

export const good = (says: string): Look => ({ state: 'good', says })
export const doubtful = (says: string, todo: string): Look => ({ state: 'doubtful', says, todo })
export const bad = (says: string, todo: string): Look => ({ state: 'bad', says, todo })
export const unknown = (why: string): Look => ({ state: 'unknown', says: `not looked at: ${why}` })

export const reason = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

/** `a, b, c and 4 more` */
export function listed(names: string[], shown = 3): string {
  const more = names.length - shown
  return names.slice(0, shown).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
