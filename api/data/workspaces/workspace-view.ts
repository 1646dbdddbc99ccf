/** What a student's page shows of a workspace, in one shape: steps, doors, queue, time left. */
import { type Db, findOne, sql } from '../db.ts'
import type { KeyRing } from '../key-ring.ts'
import { type PersonalView, personalOf } from '../volumes/personal-volume.ts'
import { type QueueView, queueView } from './queue.ts'
import { type SeatScratch, seatScratch } from '../seats/scratch-home.ts'
import {
  type FormerVolume,
  formerVolumes,
  type ResetRoom,
  resetRoom,
} from '../volumes/former-volume.ts'
import {
  type Credential,
  type PortKind,
  type SeatState,
  credentialOf,
  seatPorts,
} from '../seats/seat.ts'
import type { Display, Text } from '../../../stacks/terms.ts'
import type { Extension } from '../../../stacks/rules/lifecycle.ts'
import type { WorkspaceState } from './workspace.ts'
import { dataOfSeat, type SeatData } from '../volumes/course-data.ts'
import { type DiskView, disksOf } from '../volumes/volume.ts'
import { extensionOf } from './workspace-time.ts'

export type StepCode =
  | 'step.number'
  | 'step.place'
  | 'step.create'
  | 'step.start'
  | 'step.check'
  | 'step.ready'
export type Step = { code: StepCode; state: 'done' | 'active' | 'waiting' }

export type WorkspaceView = {
  id: string
  personId: string
  courseId: string
  courseKey: string
  courseTitle: Text
  courseDescription: Text | null
  /** How the course wants its ways in shown. */
  display: Display
  /** Path of the environment that the last launch led to. */
  openPath: string | null
  seatNumber: number | null
  state: WorkspaceState
  stateAt: Date
  version: number
  steps: Step[]
  queue: QueueView | null
  opensAt: Date | null
  stopsAt: Date | null
  /** Its stop is near, and its student is told. */
  isWarned: boolean
  /** It is near because no work was seen: a click says that somebody is there. */
  isIdle: boolean
  /** What a click would do to the stop, or why it does nothing; null while it does not run. */
  extension: Extension | null
  message: { code: string; params: Record<string, string | number> } | null
  credential: Credential | null
  nodeAddress: string | null
  /** Null while it has none, or nobody holds it to a limit. */
  disk: DiskView | null
  /** Newest first. */
  former: FormerVolume[]
  reset: ResetRoom
  /** Their own volume; null where the course, or its seat as it was made, has none. */
  personal: PersonalView | null
  /** Of a home for a while, while its volume was away; null when there is nothing to say. */
  scratch: SeatScratch | null
  /** Null where its course has published none. */
  data: SeatData | null
  ports: {
    containerPort: number
    name: string
    kind: PortKind
    required: boolean
    title: { en: string; fr: string }
    hostLabel: string
    publishedPort: number | null
  }[]
}

type Row = {
  id: string
  person_id: string
  course_id: string
  course_key: string
  course_title: Text
  course_description: Text | null
  course_display: Display
  open_path: string | null
  state: WorkspaceState
  state_at: Date
  version: number
  stops_at: Date | null
  opens_at: Date | null
  held_until: Date | null
  is_told_by_mail: boolean
  warned_at: Date | null
  message_code: string | null
  message_params: Record<string, string | number>
  seat_id: string | null
  number: number | null
  generation: number | null
  seat_state: SeatState | null
  task_id: string | null
  node_address: string | null
  credential_key_id: string | null
  credential: Buffer | null
  seat_message_code: string | null
  seat_message_params: Record<string, string | number> | null
}

export async function workspaceView(
  db: Db,
  ring: KeyRing,
  workspaceId: string,
  now: Date,
): Promise<WorkspaceView | undefined> {
  const row = await findOne<Row>(
    db,
    sql`select workspace.id, workspace.person_id, workspace.course_id, course.key as course_key,
          course.title as course_title, course.description as course_description, course.display as course_display,
          workspace.open_path, workspace.state, workspace.state_at, workspace.version, workspace.held_until,
          workspace.turn_mail is not null as is_told_by_mail,
          workspace.stops_at, workspace.opens_at, workspace.warned_at, workspace.message_code, workspace.message_params,
          seat.id as seat_id, seat.number, seat.generation, seat.state as seat_state, seat.task_id, seat.node_address,
          seat.credential_key_id, seat.credential, seat.message_code as seat_message_code,
          seat.message_params as seat_message_params
        from workspace join course on course.id = workspace.course_id left join seat on seat.id = workspace.seat_id
        where workspace.id = ${workspaceId}`,
  )
  if (!row) return undefined
  const isTimed = ['starting', 'ready', 'resetting'].includes(row.state)
  const stop = isTimed ? await extensionOf(db, row.id, now) : undefined
  // It stopped between these two questions: what was read first is over.
  if (isTimed && row.stops_at && !stop) return workspaceView(db, ring, workspaceId, now)
  const ports = row.seat_id ? await seatPorts(db, [row.seat_id]) : []
  return {
    id: row.id,
    personId: row.person_id,
    courseId: row.course_id,
    courseKey: row.course_key,
    courseTitle: row.course_title,
    courseDescription: row.course_description,
    display: row.course_display,
    openPath: row.open_path,
    seatNumber: row.number,
    state: row.state,
    stateAt: row.state_at,
    version: row.version,
    steps: steps(row),
    queue:
      row.state === 'queued'
        ? await queueView(db, {
            ...{ id: row.id, courseId: row.course_id, now },
            ...{ heldUntil: row.held_until, isToldByMail: row.is_told_by_mail },
          })
        : null,
    opensAt: row.opens_at,
    stopsAt: stop?.stopsAt ?? null,
    isWarned: isTimed && row.warned_at !== null,
    isIdle: stop?.isIdle ?? false,
    extension: stop?.extension ?? null,
    message: messageOf(row),
    credential: credentialIn(row, ring),
    nodeAddress: row.node_address,
    disk: row.seat_id ? ((await disksOf(db, [row.seat_id])).get(row.seat_id) ?? null) : null,
    ...(await resetsOf(db, row, now)),
    personal: row.seat_id ? ((await personalOf(db, row.id)) ?? null) : null,
    scratch: row.seat_id ? ((await seatScratch(db, row.seat_id, now)) ?? null) : null,
    data: row.seat_id ? ((await dataOfSeat(db, row.seat_id)) ?? null) : null,
    ports: ports.map((port) => ({
      containerPort: port.container_port,
      name: port.name,
      kind: port.kind,
      required: port.required,
      title: port.title,
      hostLabel: port.host_label,
      publishedPort: port.published_port,
    })),
  }
}

async function resetsOf(
  db: Db,
  { seat_id: seatId, generation }: Pick<Row, 'seat_id' | 'generation'>,
  now: Date,
): Promise<Pick<WorkspaceView, 'former' | 'reset'>> {
  if (seatId === null || (generation ?? 1) === 1)
    return { former: [], reset: { isFull: false, kept: 0 } }
  const reset = await resetRoom(db, seatId)
  return { reset, former: reset.kept > 0 ? await formerVolumes(db, { seatId, now }) : [] }
}

function messageOf(row: Row): WorkspaceView['message'] {
  if (row.message_code) return { code: row.message_code, params: row.message_params }
  if (row.state === 'starting' && row.seat_message_code)
    return { code: row.seat_message_code, params: row.seat_message_params ?? {} }
  return null
}

function credentialIn(row: Row, ring: KeyRing): Credential | null {
  if (!row.seat_id || !row.credential || !row.credential_key_id) return null
  return credentialOf(ring, {
    id: row.seat_id,
    credential: row.credential,
    credential_key_id: row.credential_key_id,
  })
}

/** The way in as named steps, from the row of the workspace and of its seat. Pure. */
export function steps(row: {
  state: WorkspaceState
  number: number | null
  seat_state: SeatState | null
  task_id: string | null
}): Step[] {
  const placed = ['starting', 'ready', 'resetting'].includes(row.state)
  const exists = row.seat_state !== null && row.seat_state !== 'absent'
  const runs = row.seat_state === 'ready' || (row.seat_state === 'starting' && row.task_id !== null)
  const done: [StepCode, boolean][] = [
    ['step.number', row.number !== null],
    ['step.place', placed],
    ['step.create', placed && exists],
    ['step.start', placed && runs],
    ['step.check', row.state === 'ready'],
    ['step.ready', row.state === 'ready'],
  ]
  const isMoving = placed || row.state === 'queued'
  const active = done.findIndex(([, isDone]) => !isDone)
  return done.map(([code, isDone], i) => ({
    code,
    state:
      isDone && (active === -1 || i < active)
        ? 'done'
        : i === active && isMoving
          ? 'active'
          : 'waiting',
  }))
}
