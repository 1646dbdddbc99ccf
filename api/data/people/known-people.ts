/** Everybody that is known, as a text might name them: nobody of them may reach Git, a machine or a label. */
import { type Leak, findLeaks } from '../../../stacks/rules/leaks.ts'
import { type People, peopleOf } from '../../../stacks/rules/people.ts'
import type { DocumentError } from '../../../stacks/schema-parse.ts'
import { type Db, many, sql } from '../db.ts'
import type { Source } from '../courses/documents.ts'

export async function knownPeople(db: Db): Promise<People> {
  const rows = await many<{ text: string }>(
    db,
    sql`select distinct text from person, unnest(array[display_name, email, sub]) as text where text is not null`,
  )
  return peopleOf(rows.map(({ text }) => text))
}

const WORDS: Record<Leak['why'], Pick<DocumentError, 'message' | 'allowed'>> = {
  person: {
    message: 'it names a person',
    allowed: 'roles and groups: documents go to Git and to machines',
  },
  secret: {
    message: 'it looks like a secret',
    allowed: 'no password, key or token: documents go to Git',
  },
  key: { message: 'a field that is not known', allowed: 'the fields of the schema' },
}

/** Comments, titles, values: whatever of these texts names somebody or looks like a secret, and where. */
export async function leaksIn(db: Db, sources: Source[]): Promise<DocumentError[]> {
  const people = await knownPeople(db)
  return sources.flatMap(({ name, text }) =>
    findLeaks(new Map([[name, text]]), people).map(({ path: file, line, why }) => ({
      ...{ file, line, column: 1 },
      ...WORDS[why],
    })),
  )
}

/** Which of them such an answer speaks of, if it does. */
export function leakIn(errors: DocumentError[]): 'person' | 'secret' | undefined {
  const whys = ['person', 'secret'] as const
  return whys.find((why) => errors.some(({ message }) => message === WORDS[why].message))
}
