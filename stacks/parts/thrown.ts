/** What was thrown, in words for a person: anything may be thrown, and most of it is an Error. */

export const whyOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown)
