// For scripts that run the LMS as a process of its own: what the programmatic interface does, as JSON.
import { z } from 'zod'
import { putActivity, copyCourse, enrolGeneratedStudents, setStudents } from './editing.ts'
import { courseNamed } from './platform.ts'
import { launchFaults } from './faults.ts'
import { launchForm, registerTool, signedLaunch } from './client.ts'
import { parsed } from './grades.ts'
import { readJson } from './body.ts'
import { registrationFaults } from './registration.ts'
import type { Handler, Route } from './router.ts'

const faults = z.array(z.enum(launchFaults)).default([])

const registrationOrder = z.object({
  address: z.url(),
  activate: z.boolean().default(false),
  update: z.string().exactOptional(),
  fault: z.enum(registrationFaults).exactOptional(),
})

const text = z.union([z.string(), z.object({ en: z.string(), fr: z.string() })])

const activityOrder = z.object({
  course: z.string(),
  key: z.string(),
  title: text.exactOptional(),
  description: text.exactOptional(),
  custom: z.record(z.string(), z.string()).exactOptional(),
  opensIn: z.enum(['frame', 'window']).exactOptional(),
})

const copyOrder = z.object({ course: z.string(), withStudents: z.boolean().default(false) })
const enrolOrder = z.object({ course: z.string(), count: z.int().min(1).max(20_000) })

const studentsOrder = z.object({ course: z.string(), people: z.array(z.string()) })

const launchOrder = z.union([
  z.object({ person: z.string(), activity: z.string(), faults }),
  z.object({ person: z.string(), course: z.string(), into: z.string().exactOptional(), faults }),
])

const signedOrder = z.object({
  person: z.string(),
  activity: z.string(),
  nonce: z.string(),
  state: z.string(),
  faults,
})

const overview: Handler = ({ url, state }, ctx) => {
  const { tools, courses, activities, lineItems, scores } = state
  const counted = courses.map(({ members, ...course }) => ({ ...course, members: members.length }))
  ctx.body = { url, tools, courses: counted, activities, lineItems, scores }
}

const registerOne: Handler = async (platform, ctx) => {
  const order = parsed(registrationOrder, await readJson(ctx.req), 'registration')
  const { tool, answer } = await registerTool(platform, order.address, order)
  ctx.status = tool ? 200 : 409
  ctx.body = { tool: tool ?? null, answer: { status: answer.status, text: answer.text } }
}

const putOne: Handler = async (platform, ctx) => {
  ctx.body = putActivity(platform, parsed(activityOrder, await readJson(ctx.req), 'activity'))
}

const copyOne: Handler = async (platform, ctx) => {
  const order = parsed(copyOrder, await readJson(ctx.req), 'copy')
  ctx.body = copyCourse(platform, courseNamed(platform, order.course), order)
}

const enrol: Handler = async (platform, ctx) => {
  const { course, count } = parsed(enrolOrder, await readJson(ctx.req), 'number of students')
  const students = enrolGeneratedStudents(platform, courseNamed(platform, course), count)
  ctx.body = { enrolled: students.length }
}

const setAll: Handler = async (platform, ctx) => {
  const { course, people } = parsed(studentsOrder, await readJson(ctx.req), 'list of students')
  setStudents(platform, courseNamed(platform, course), people)
  ctx.body = { students: people.length }
}

const launch: Handler = async (platform, ctx) => {
  ctx.body = await launchForm(platform, parsed(launchOrder, await readJson(ctx.req), 'launch'))
}

const sign: Handler = async (platform, ctx) => {
  ctx.body = await signedLaunch(platform, parsed(signedOrder, await readJson(ctx.req), 'launch'))
}

export const practiceRoutes: readonly Route[] = [
  ['GET', '/practice/state', overview],
  ['POST', '/practice/tools', registerOne],
  ['PUT', '/practice/activities', putOne],
  ['POST', '/practice/courses', copyOne],
  ['POST', '/practice/students', enrol],
  ['PUT', '/practice/students', setAll],
  ['POST', '/practice/launches', launch],
  ['POST', '/practice/signed-launches', sign],
]
