// For scripts that run the LMS as a process of its own: what the programmatic interface does, as JSON.
import { z } from 'zod'
import { addActivity, copyCourse, enrolGeneratedStudents } from './editing.ts'
import { courseNamed } from './platform.ts'
import { launchFaults } from './faults.ts'
import { launchForm, registerTool, signedLaunch } from './client.ts'
import { parsed } from './grades.ts'
import { readJson } from './body.ts'
import { registrationFaults } from './registration.ts'
import type { Context } from 'koa'
import type { Platform } from './platform.ts'
import type { Route } from './router.ts'

const faults = z.array(z.enum(launchFaults)).default([])

const registration = z.object({
  address: z.url(),
  activate: z.boolean().default(false),
  update: z.string().optional(),
  fault: z.enum(registrationFaults).optional(),
})

const activity = z.object({
  course: z.string(),
  key: z.string(),
  title: z.string(),
  description: z.string().default(''),
  custom: z.record(z.string(), z.string()).default({}),
  opensIn: z.enum(['frame', 'window']).default('window'),
})

const launchOrder = z.union([
  z.object({ person: z.string(), activity: z.string(), faults }),
  z.object({ person: z.string(), course: z.string(), faults }),
])

const signedOrder = z.object({
  person: z.string(),
  activity: z.string(),
  nonce: z.string(),
  state: z.string(),
  faults,
  lifetimeSeconds: z.int().positive().default(60),
})

const copyOrder = z.object({ course: z.string(), withStudents: z.boolean().default(false) })
const students = z.object({ course: z.string(), count: z.int().min(1).max(20_000) })

export function practiceRoutes(platform: Platform): Route[] {
  return [
    ['GET', '/practice/state', (ctx) => overview(platform, ctx)],
    ['POST', '/practice/tools', (ctx) => register(platform, ctx)],
    [
      'POST',
      '/practice/activities',
      async (ctx) => {
        ctx.body = addActivity(platform, parsed(activity, await readJson(ctx.req), 'activity'))
      },
    ],
    [
      'POST',
      '/practice/courses',
      async (ctx) => {
        const order = parsed(copyOrder, await readJson(ctx.req), 'copy')
        ctx.body = copyCourse(platform, courseNamed(platform, order.course), order)
      },
    ],
    [
      'POST',
      '/practice/students',
      async (ctx) => {
        const order = parsed(students, await readJson(ctx.req), 'number of students')
        const course = courseNamed(platform, order.course)
        ctx.body = { enrolled: enrolGeneratedStudents(platform, course, order.count).length }
      },
    ],
    [
      'POST',
      '/practice/launches',
      async (ctx) => {
        ctx.body = await launchForm(
          platform,
          parsed(launchOrder, await readJson(ctx.req), 'launch'),
        )
      },
    ],
    [
      'POST',
      '/practice/signed-launches',
      async (ctx) => {
        const order = parsed(signedOrder, await readJson(ctx.req), 'launch')
        ctx.body = await signedLaunch(platform, order)
      },
    ],
  ]
}

function overview({ url, state }: Platform, ctx: Context): void {
  const { tools, courses, activities, lineItems, scores } = state
  const counted = courses.map(({ members, ...course }) => ({ ...course, members: members.length }))
  ctx.body = { url, tools, courses: counted, activities, lineItems, scores }
}

async function register(platform: Platform, ctx: Context): Promise<void> {
  const order = parsed(registration, await readJson(ctx.req), 'registration')
  const { address, activate, update, fault } = order
  const { tool, answer } = await registerTool(platform, address, {
    activate,
    ...(update !== undefined && { update }),
    ...(fault && { fault }),
  })
  ctx.status = tool ? 200 : 409
  ctx.body = { tool: tool ?? null, answer: { status: answer.status, text: answer.text } }
}
