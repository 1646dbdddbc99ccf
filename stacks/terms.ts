/**
 * The nouns of Labplan, one sentence each. Everything people write (YAML documents, forms) becomes
 * one of these; the compiler reads them and answers a blueprint. Units are in the names; wall times
 * are text without offset (`2026-11-23T08:00`), read in the course's time zone; instants are ISO UTC. Here are courses,
 * what their seats are made of, and what exists; pools are in `terms-pool.ts`, policy in `terms-policy.ts`.
 */

/** A text people read, in both languages. */
export interface Text {
  fr: string
  en: string
}

/** GPUs of one kind; counted, because Swarm's named generic resources break (facts). */
export interface Gpu {
  kind: string
  count: number
}

/** What one seat needs or one node has. `cpu` is in cores (0.5 is half a core). */
export interface Resources {
  cpu: number
  memoryMb: number
  diskMb?: number | undefined
  gpu?: Gpu | undefined
}

export type PortKind = 'web' | 'ssh' | 'vnc' | 'tcp'

/** A door of an environment: the container's port and how a student enters by it. */
export interface Port {
  number: number
  name: string
  kind: PortKind
  title: Text
  required: boolean
}

/** What a student gets: an image pinned by digest and its ports. */
export interface Environment {
  key: string
  zone: string
  title: Text
  /** `labplan/terminal@sha256:…` (our registry) or `registry.example/name@sha256:…`; absent until the first build. */
  image?: string | undefined
  ports: Port[]
  command?: string[] | undefined
  env: Record<string, string>
  capabilities: string[]
  mountPath: string
  pidsLimit: number
  /** Key of the network the seats join; `none` for no network at all. */
  network: string
}

/** What each seat of a course is made of, besides its environment. */
export interface SeatNeeds extends Resources {
  volumeQuotaMb?: number | undefined
}

/** A part of a course that comes at its own hours: three parallel groups of one course. */
export interface Group {
  key: string
  /** Seat numbers this group's students sit on, e.g. `1-15`; free numbers in order when absent. */
  seats?: string | undefined
  students: number
}

/** Extra time for some students of an exam. */
export interface ExtraTime {
  students: number
  minutes: number
}

/** A scheduled class, or a series of them. Wall times, in the course's time zone. */
export interface SessionPlan {
  /** Wall time of the first class, `2026-11-23T08:00`. */
  start: string
  minutes: number
  /** RRULE without its name, e.g. `FREQ=WEEKLY;COUNT=12`. */
  repeat?: string | undefined
  /** Classes that do not happen: a day, or a wall time of the series. */
  except: string[]
  /** Classes added to the series, wall times. */
  also: string[]
  /** One class of the series at another wall time: original → new. The session keeps its key. */
  move: Record<string, string>
  /** What school holidays do to the series. */
  holidays: 'skip' | 'keep'
  title?: string | undefined
  students?: number | undefined
  atOnce?: number | undefined
  group?: string | undefined
  pool?: string | undefined
  opensMinutesBefore?: number | undefined
  graceMinutes?: number | undefined
  /** Minutes a student may stay after the end. */
  stayMinutes: number
  /** Warm seats beyond the students, for a seat that fails. */
  spares: number
  exam: boolean
  extraTime: ExtraTime[]
  /** iCalendar identity of an imported class. */
  uid?: string | undefined
  sequence?: number | undefined
}

/** A span in which students come when they like: from–to, hours of day, how many at once. */
export interface ProjectPeriod {
  key: string
  from: string
  to: string
  /** `08:00-22:00`; the whole day when absent. */
  hours?: string | undefined
  days: Weekday[]
  students?: number | undefined
  atOnce: number
  hoursPerStudent?: number | undefined
  group?: string | undefined
  pool?: string | undefined
  /** Whether places are kept for the whole period, or only for what is booked. */
  reserve?: 'period' | 'bookings' | undefined
  bookings: Booking[]
}

/** A turn booked in a project period: seats that will surely run. */
export interface Booking {
  start: string
  minutes: number
  seats: number
}

export type Weekday = 'MO' | 'TU' | 'WE' | 'TH' | 'FR' | 'SA' | 'SU'

/** Cold seats kept outside class for self-study. */
export interface Headroom {
  /** How many; max(2, 10 % of the students) when absent. */
  seats?: number | undefined
  /** How many may work at once outside class: past the headroom, seats are made as they are asked for. */
  atOnce?: number | undefined
  hours: string
  days: Weekday[]
  /** How many of them have capacity kept in the pool; the others wait for room like everyone. */
  reserved: number
}

/** What a course may have without further review. */
export interface Allowance {
  seats?: number | undefined
  atOnce?: number | undefined
  hoursPerWeek?: number | undefined
  /** What all its sessions together may cost, in the currency of their pools. */
  budget?: number | undefined
}

/** When workspaces stop by themselves, and how far a click moves that. Minutes of 0: never. */
export interface Lifecycle {
  /** Outside class a workspace stops so many minutes after its start. */
  stopMinutes: number
  /** Its student is warned so many minutes before any stop. */
  warnMinutes: number
  /** What one click adds outside class, and how often one start may be extended. */
  extendMinutes: number
  extendTimes: number
  /** In class and in project periods a GPU is held so many minutes; a click holds it on. */
  reserveMinutes: number
  /** On GPUs, while others wait: nobody runs longer in one go. 0: no turns. */
  turnHours: number
  /** A place is held so long for whose turn it is, then passes on. */
  holdMinutes: number
  /** Without any work for so long it stops: outside class and in project periods, and in class. */
  idleMinutes: number
  idleMinutesInClass: number
}

export type CourseState = 'draft' | 'test' | 'ready' | 'archived'

/** How a student's page shows one port. */
export interface PortDisplay {
  name: string
  title?: Text | undefined
  shown: boolean
}

/** Opens a web port, at a path; or an address that a program of one's own knows (`vscode://…`). */
export interface DisplayButton {
  title: Text
  port?: string | undefined
  path?: string | undefined
  link?: string | undefined
}

/** What a student's page shows of their seat. Texts and links may hold tokens, `{{user}}`. */
export interface Display {
  /** Shown when absent; the password on a click. */
  login?: 'shown' | 'never' | undefined
  password?: 'shown' | 'click' | 'never' | undefined
  /** Those named come first, in this order; the others as the environment has them. */
  ports: PortDisplay[]
  text?: Text | undefined
  buttons: DisplayButton[]
}

/** A teacher's plan: environment, resources, sessions, allowance. */
export interface Course {
  key: string
  zone: string
  title: Text
  /** What its students read of it. */
  description?: Text | undefined
  state: CourseState
  environment: string
  pool: string
  timeZone?: string | undefined
  seat: SeatNeeds
  students: number
  /** As many as its LMS courses have; `students` is what holds until their lists were read. */
  followRoster?: boolean | undefined
  atOnce?: number | undefined
  groups: Group[]
  sessions: SessionPlan[]
  projects: ProjectPeriod[]
  headroom?: Headroom | undefined
  allowance: Allowance
  /** What it says of this; the policy says the rest. */
  lifecycle: { [name in keyof Lifecycle]?: number | undefined }
  /** Days the course is open for self-study; first to last session when absent. */
  open?: { from?: string | undefined; to?: string | undefined } | undefined
  /** Days volumes are kept after the course's last day. */
  keepDays?: number | undefined
  /** How many snapshots of each volume are kept, where its pool's storage has them; 0: none. The policy says it when absent. */
  snapshots?: { keep: number } | undefined
  /** Each of its students has their personal folder in their seat, the same in all courses that say so. */
  personalVolume?: boolean | undefined
  /** Students may hand in; late when after `due`, a wall time. Absent: they may not. */
  submissions?:
    | {
        due?: string | undefined
        /** How many of each student are kept, and how large they are together. The policy says it when absent. */
        most?: number | undefined
        totalMb?: number | undefined
        /** They have to be kept until the end of that day, whoever asks to be erased: why. */
        duty?: { reason: Text; until: string } | undefined
      }
    | undefined
  /** What every seat reads and none writes: how large a version may be, which one is in force, and where it is mounted. */
  data?: { sizeMb: number; version?: number | undefined; mountPath: string } | undefined
  display?: Display | undefined
}

/** Days without class, inclusive. */
export interface Holiday {
  title: string
  from: string
  to: string
}

/** An institution: the tenant of everything above. */
export interface Zone {
  key: string
  title: Text
  timeZone: string
  holidays: Holiday[]
}

/** A node seen by the watchers. */
export interface InventoryNode extends Resources {
  pool: string
  key: string
}

/** Seats that run on a node now; they are never moved. */
export interface SeatedOnNode {
  pool: string
  node: string
  session: string
  seats: number
}

/** What exists, as far as it matters to the plan. Pseudonymous: numbers, never people. */
export interface Inventory {
  nodes: InventoryNode[]
  /** Seat numbers with a holder, by course key. */
  taken: Record<string, number[]>
  /** Numbers of dormant holders: no warm-up, headroom or allowance; their volume stays. */
  dormant: Record<string, number[]>
  /** What a review let a course have beyond the policy, by course key. */
  granted: Record<string, Allowance>
  /** Students of its LMS courses who come, by course key, as far as they were seen. */
  roster: Record<string, number>
  /** By course key: whether these are all, since the lists of its LMS courses were read. */
  listed: Record<string, boolean>
  /** Numbers that have a volume, by course key: kept until their date whatever the plan becomes. */
  volumes: Record<string, number[]>
  seated: SeatedOnNode[]
  /** Since when (ISO instant), by pool key, a person has let it take no new seats. Shapes notes, never the bytes. */
  closed: Record<string, string>
}

export type Severity = 'error' | 'warning' | 'info'

/** Where a note points. All of it is data; sentences are made by `rules/explain.ts`. */
export interface NoteWhere {
  course?: string
  session?: string
  pool?: string
  /** Instant, ISO UTC. */
  at?: string
}

export type NoteValue =
  | string
  | number
  | boolean
  | null
  | NoteValue[]
  | { [key: string]: NoteValue }

/** Something the compiler has to say: a code with parameters, rendered in two languages. */
export interface Note {
  code: string
  severity: Severity
  where: NoteWhere
  params: Record<string, NoteValue>
}
