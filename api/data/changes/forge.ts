/**
 * What the forge (GitLab, Forgejo, Gitea, GitHub) is told of changes that wait. Everything is written here first and said
 * until it was heard: a forge that is away loses nothing.
 */
import { type Db, execute, findOne, many, sql } from '../db.ts'
import { newId } from '../ids.ts'

export type ForgeState = {
  state: 'current' | 'held'
  state_at: Date
  attempts: number
  retry_at: Date | null
  message: string | null
}

export async function findForge(db: Db): Promise<ForgeState | undefined> {
  return findOne<ForgeState>(
    db,
    sql`select state, state_at, attempts, retry_at, message from forge`,
  )
}

export async function forgeIsWell(db: Db, now: Date): Promise<void> {
  await execute(
    db,
    sql`insert into forge (state, state_at) values ('current', ${now})
        on conflict (installation_id) do update set state = 'current', attempts = 0, retry_at = null, message = null,
          state_at = case when forge.state = 'current' then forge.state_at else ${now} end`,
  )
}

/** It could not be told; it is asked again at `retryAt`. */
export async function forgeIsHeld(
  db: Db,
  held: { message: string; retryAt: Date; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`insert into forge (state, state_at, attempts, retry_at, message)
          values ('held', ${held.now}, 1, ${held.retryAt}, ${held.message})
        on conflict (installation_id) do update set state = 'held', attempts = forge.attempts + 1,
          retry_at = ${held.retryAt}, message = ${held.message},
          state_at = case when forge.state = 'held' then forge.state_at else ${held.now} end`,
  )
}

export type ForgeRequest = {
  state: 'unsaid' | 'open' | 'merged' | 'closed'
  state_at: Date
  number: number | null
  address: string | null
  commit: string | null
  attempts: number
  retry_at: Date | null
  message: string | null
}
const columns = sql`state, state_at, number, address, commit, attempts, retry_at, message`

export async function findRequest(db: Db, changeId: string): Promise<ForgeRequest | undefined> {
  return findOne<ForgeRequest>(
    db,
    sql`select ${columns} from forge_request where change_id = ${changeId}`,
  )
}

export type OfferedChange = { id: string; title: string; commit: string }

/** Changes that wait and have a branch, with its commit as we wrote it last; oldest first. */
export async function offeredChanges(db: Db): Promise<OfferedChange[]> {
  return many<OfferedChange>(
    db,
    sql`select id, title, offered[cardinality(offered)] as commit from change
        where state = 'proposed' and cardinality(offered) > 0 order by created_at, id`,
  )
}

export type EndedRequest = {
  id: string
  number: number
  ended: 'approved' | 'rejected' | 'superseded'
}

/** Requests that are open there, of changes that wait no more here. */
export async function endedRequests(db: Db): Promise<EndedRequest[]> {
  return many<EndedRequest>(
    db,
    sql`select change.id, number, change.state as ended from forge_request
          join change on change.id = change_id
        where forge_request.state = 'open' and number is not null and change.state <> 'proposed' order by change.id`,
  )
}

/** As it is there now. What was against it is over. */
export async function requestIs(
  db: Db,
  is: {
    changeId: string
    state: 'open' | 'merged' | 'closed'
    number: number
    address: string
    commit: string
    now: Date
  },
): Promise<void> {
  await execute(
    db,
    sql`insert into forge_request (change_id, state, state_at, number, address, commit)
          values (${is.changeId}, ${is.state}, ${is.now}, ${is.number}, ${is.address}, ${is.commit})
        on conflict (change_id) do update set state = excluded.state, number = excluded.number, address = excluded.address,
          commit = excluded.commit, attempts = 0, retry_at = null, message = null,
          state_at = case when forge_request.state = excluded.state and forge_request.number = excluded.number
            then forge_request.state_at else ${is.now} end`,
  )
}

/** The forge has something against this one; the others go on. */
export async function requestIsRefused(
  db: Db,
  refused: { changeId: string; message: string; retryAt: Date; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`insert into forge_request (change_id, state, state_at, attempts, retry_at, message)
          values (${refused.changeId}, 'unsaid', ${refused.now}, 1, ${refused.retryAt}, ${refused.message})
        on conflict (change_id) do update set attempts = forge_request.attempts + 1, retry_at = ${refused.retryAt},
          message = ${refused.message}`,
  )
}

export type CommitStatus = {
  commit: string
  state: 'pending' | 'success' | 'failure'
  description: string
  address: string | null
}

/** Said again only when it is another. */
export async function statusShouldBe(db: Db, status: CommitStatus): Promise<void> {
  await execute(
    db,
    sql`insert into forge_status (commit, state, description, address)
          values (${status.commit}, ${status.state}, ${status.description}, ${status.address})
        on conflict (commit) do update set state = excluded.state, description = excluded.description,
          address = excluded.address, said_at = null, message = null
        where (forge_status.state, forge_status.description, forge_status.address)
          is distinct from (excluded.state, excluded.description, excluded.address)`,
  )
}

export async function unsaidStatuses(db: Db, limit: number): Promise<CommitStatus[]> {
  return many<CommitStatus>(
    db,
    sql`select commit, state, description, address from forge_status where said_at is null order by commit limit ${limit}`,
  )
}

/** @param message why the forge would not have it: it is not tried again */
export async function statusWasSaid(
  db: Db,
  said: { commit: string; message?: string; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`update forge_status set said_at = ${said.now}, message = ${said.message ?? null} where commit = ${said.commit}`,
  )
}

/** Under the change's request, if it has one. */
export async function sayUnderRequest(
  db: Db,
  comment: { changeId: string; text: string; now: Date },
): Promise<void> {
  await execute(
    db,
    sql`insert into forge_comment (id, change_id, text, created_at)
        select ${newId()}, change_id, ${comment.text}, ${comment.now} from forge_request
        where change_id = ${comment.changeId} and number is not null`,
  )
}

export type Comment = { id: string; number: number; text: string }

export async function unsaidComments(db: Db, limit: number): Promise<Comment[]> {
  return many<Comment>(
    db,
    sql`select forge_comment.id, number, text from forge_comment join forge_request using (change_id)
        where said_at is null and number is not null order by forge_comment.id limit ${limit}`,
  )
}

export async function commentWasSaid(db: Db, id: string, now: Date): Promise<void> {
  await execute(db, sql`update forge_comment set said_at = ${now} where id = ${id}`)
}
