/** The user_data of a pool's machine as a cloud gets it: rendered by its stack, worked out by the Terraform engine. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import type { BlueprintCloud } from '../../../stacks/blueprint.ts'
import type { MachinesContent } from '../../../stacks/content.ts'
import { renderStack } from '../../../stacks/render.ts'
import { terraformTools } from '../../terraform-tools.ts'

const stackSchema = z.looseObject({
  resource: z.looseObject({
    openstack_compute_instance_v2: z.record(z.string(), z.looseObject({ user_data: z.string() })),
  }),
})
const outputSchema = z.looseObject({
  userData: z.looseObject({ value: z.record(z.string(), z.string()) }),
})

/** @param join `<token> <manager>`, as the worker gives it to a run */
export function firstStart(
  owner: { installation: string; pool: string; cloud: BlueprintCloud },
  keys: string[],
  join: string,
): Record<string, string> {
  const flavour = owner.cloud.flavours[0]!.key
  const nodes = keys.map((key) => ({ key, flavour }))
  const content = { ...owner, kind: 'nodes' as const, key: `nodes-${owner.pool}`, nodes }
  return startsOf(content, Object.fromEntries(keys.map((key) => [key, join])))
}

/** Of all machines of a stack. @param joins by key, as a run gives it to Terraform */
export function startsOf(
  content: MachinesContent,
  joins: Record<string, string>,
): Record<string, string> {
  const { resource } = stackSchema.parse(JSON.parse(renderStack(content)))
  const texts = Object.entries(resource.openstack_compute_instance_v2)
  return workOut(Object.fromEntries(texts.map(([key, { user_data: text }]) => [key, text])), joins)
}

/** Needs no provider: an output is enough. */
function workOut(
  texts: Record<string, string>,
  joins: Record<string, string>,
): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-first-start-'))
  const variable = { join: { type: 'map(string)', sensitive: true, default: joins } }
  const output = { userData: { value: texts, sensitive: true } }
  try {
    writeFileSync(join(folder, 'main.tf.json'), JSON.stringify({ variable, output }))
    const { terraformBinary } = terraformTools()
    const terraform = (...args: string[]) =>
      execFileSync(terraformBinary, args, { cwd: folder, stdio: 'pipe' }).toString()
    terraform('init', '-input=false')
    terraform('apply', '-auto-approve', '-input=false')
    return outputSchema.parse(JSON.parse(terraform('output', '-json'))).userData.value
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
