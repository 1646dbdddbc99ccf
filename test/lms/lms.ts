// Starts the practice LMS, in a process of its own (main.ts) or inside a test.
import Koa from 'koa'
import { createServer } from 'node:http'
import {
  activitiesOf,
  activityNamed,
  courseNamed,
  refreshPeople,
  toolNumbered,
} from './platform.ts'
import { activateTool, addTool, registrationAddress } from './registration.ts'
import { adminRoutes } from './admin-routes.ts'
import { putActivity, copyCourse, enrolGeneratedStudents, setStudents } from './editing.ts'
import { answerErrors, securityHeaders } from './errors.ts'
import { courseRoutes } from './course-routes.ts'
import { findSavedState, freshState, saveState, takeId } from './state.ts'
import { homeRoutes } from './home-routes.ts'
import { launchForm, login, postLaunch, registerTool, signedLaunch } from './client.ts'
import { launchRoutes } from './launch-routes.ts'
import { makePrivateJwk, signingKey } from './keys.ts'
import { practiceRoutes } from './practice-routes.ts'
import { protocolRoutes } from './protocol-routes.ts'
import { router } from './router.ts'
import type { Activity, Course, Score, State, Tool } from './state.ts'
import type { AddressInfo } from 'node:net'
import type { DeepLinkingOrder, LaunchOrder, LoginAnswer } from './client.ts'
import type { HttpAnswer } from './http.ts'
import type { LaunchFault } from './faults.ts'
import type { ActivityOrder } from './editing.ts'
import type { Person } from '../cast/people.ts'
import type { Platform } from './platform.ts'
import type { RosterFault } from './roster.ts'
import type { PostForm } from './launch.ts'
import type { ReadyLaunch, RegistrationOrder, RegistrationOutcome } from './client.ts'
import type { Server } from 'node:http'
import type { RegistrationFault } from './registration.ts'
import type { SignedLaunchOrder } from './client.ts'

const routes = [
  ...protocolRoutes,
  ...launchRoutes,
  ...homeRoutes,
  ...courseRoutes,
  ...adminRoutes,
  ...practiceRoutes,
]

export type LmsOptions = {
  /** 0, the default, takes a free one. */
  port?: number
  /** Address to listen on. */
  host?: string
  /** Host name in the public address, e.g. `lms.localhost`; the listening address unless said. */
  hostname?: string
  /** The whole public address, when something stands in front. */
  url?: string
  /** JSON file that keeps registrations, courses and grades over a restart. */
  stateFile?: string
  /** Enrol student0001… in the first course. */
  generatedStudents?: number
  /** Milliseconds since 1970; the machine's clock unless said. */
  now?: () => number
}

export type Lms = {
  url: string
  /** Everybody with an account, by user name. */
  cast: Map<string, Person>
  courses: () => readonly Course[]
  tools: () => readonly Tool[]
  scores: () => readonly Score[]
  activity: (name: string) => Activity
  activities: (course: string) => readonly Activity[]
  /** What the administrator's browser would open to register a tool. */
  registrationAddress: (toolAddress: string, fault?: RegistrationFault) => Promise<string>
  /** Opens a tool's registration address as the administrator's browser would. */
  registerTool: (toolAddress: string, order?: RegistrationOrder) => Promise<RegistrationOutcome>
  activateTool: (id: string) => void
  /** Registration by hand, for tools without dynamic registration. */
  addTool: (tool: Omit<Tool, 'id'>) => Tool
  putActivity: (activity: ActivityOrder) => Activity
  copyCourse: (name: string, options?: { withStudents?: boolean }) => Course
  enrolGeneratedStudents: (course: string, count: number) => Person[]
  /** Exactly these are the course's students from now on. */
  setStudents: (course: string, usernames: string[]) => void
  /** How the list of members answers from now on: as it should, unless said. */
  spoilRoster: (fault?: RosterFault) => void
  /** Everything of a launch but the last step; post the form yourself or with `postLaunch`. */
  launchForm: (order: LaunchOrder | DeepLinkingOrder) => Promise<ReadyLaunch>
  postLaunch: (launch: ReadyLaunch) => Promise<HttpAnswer>
  launch: (order: LaunchOrder | DeepLinkingOrder) => Promise<HttpAnswer>
  login: (order: LaunchOrder | DeepLinkingOrder) => Promise<LoginAnswer>
  signedLaunch: (order: SignedLaunchOrder) => Promise<PostForm>
  /** Spoils the next launches of this person's browser, as /faults does. */
  chooseFaults: (person: string, faults: readonly LaunchFault[]) => void
  close: () => Promise<void>
}

export async function startLms(options: LmsOptions = {}): Promise<Lms> {
  const { host = '127.0.0.1', hostname = host, stateFile } = options
  const server = createServer()
  const port = await listen(server, options.port ?? 0, host)
  const state = (stateFile && findSavedState(stateFile)) || freshState(await makePrivateJwk())
  const platform: Platform = {
    url: options.url ?? `http://${hostname}:${port}`,
    state,
    key: await signingKey(state.privateKey),
    strangerKey: await signingKey(await makePrivateJwk()),
    people: new Map(),
    pendingLaunches: new Map(),
    accessTokens: new Map(),
    seenDeepLinkingNonces: new Set(),
    lastNonces: new Map(),
    chosenFaults: new Map(),
    chosenRegistrationFaults: new Map(),
    rosterFault: undefined,
    sessionKeys: new Map(),
    now: options.now ?? Date.now,
    save: stateFile ? () => saveState(stateFile, state) : () => {},
  }
  refreshPeople(platform)
  if (options.generatedStudents) enrolInFirstCourse(platform, options.generatedStudents)
  platform.save()
  server.on('request', application(platform).callback())
  return programmaticInterface(platform, server)
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`The practice LMS could not listen on ${host}:${port}`, { cause })),
    )
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function enrolInFirstCourse(platform: Platform, count: number): void {
  const [first] = platform.state.courses
  if (first) enrolGeneratedStudents(platform, first, count)
}

function application(platform: Platform): Koa {
  const app = new Koa()
  app.use(answerErrors(platform))
  app.use(securityHeaders)
  app.use(router(platform, routes))
  return app
}

function programmaticInterface(platform: Platform, server: Server): Lms {
  const state = (): State => platform.state
  return {
    url: platform.url,
    cast: platform.people,
    courses: () => state().courses,
    tools: () => state().tools,
    scores: () => state().scores,
    activity: (name) => activityNamed(platform, name),
    activities: (course) => activitiesOf(platform, courseNamed(platform, course)),
    registrationAddress: (toolAddress, fault) =>
      registrationAddress(platform, toolAddress, fault ? { fault } : {}),
    registerTool: (toolAddress, order) => registerTool(platform, toolAddress, order),
    activateTool: (id) => activateTool(platform, toolNumbered(platform, id)),
    addTool: (tool) => {
      const added = { id: takeId(state()), ...tool }
      addTool(platform, added)
      return added
    },
    putActivity: (activity) => putActivity(platform, activity),
    copyCourse: (name, choices) => copyCourse(platform, courseNamed(platform, name), choices),
    enrolGeneratedStudents: (course, count) =>
      enrolGeneratedStudents(platform, courseNamed(platform, course), count),
    setStudents: (course, usernames) =>
      setStudents(platform, courseNamed(platform, course), usernames),
    spoilRoster: (fault) => void (platform.rosterFault = fault),
    launchForm: (order) => launchForm(platform, order),
    postLaunch,
    launch: async (order) => postLaunch(await launchForm(platform, order)),
    login: (order) => login(platform, order),
    signedLaunch: (order) => signedLaunch(platform, order),
    chooseFaults: (person, faults) => void platform.chosenFaults.set(person, [...faults]),
    close: () => close(server),
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()))
    server.closeAllConnections()
  })
}
