/**
 * Our hand-typed resources of OpenStack against the real provider: every argument is one it knows, of its type, and
 * none that it requires is missing. A cloud is not asked.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import type { MachinesContent } from '../../stacks/content.ts'
import { renderStack } from '../../stacks/render.ts'
import { prepareTools } from '../../workers/terraform/mirror.ts'
import { terraformTools } from '../terraform-tools.ts'
import { baseOf, cloud, nodesOf } from './machines-content.ts'

const home = mkdtempSync(join(tmpdir(), 'labplan-test-openstack-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const everything = {
  engineVolumeGb: 40,
  sshKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFinventedinventedinventedinventedinvent infra',
  managers: { count: 3, flavour: 'm1.small' },
}
const nodes = cloud.flavours.map(({ key }) => ({ key: `${key}-1`, flavour: key }))

it.each<[string, MachinesContent]>([
  ['a base with managers, keys and volumes', baseOf(everything)],
  ['a base beside a manager that is there', baseOf({ managers: null, manager: '10.0.0.2:2377' })],
  ['nodes', nodesOf(nodes)],
  ['nodes with volumes for their engines', nodesOf(nodes, everything)],
])('takes %s', async (_, content) => {
  expect(await validate(renderStack(content))).toMatchObject({ valid: true, diagnostics: [] })
})

it('refuses what the provider does not know', async () => {
  const text = renderStack(nodesOf(nodes)).replace('"flavor_name"', '"flavour_name"')
  const { valid, diagnostics } = await validate(text)
  expect(valid).toBe(false)
  expect(diagnostics.map(({ summary }) => summary)).toContain('Extraneous JSON object property')
})

type Answer = { valid: boolean; diagnostics: { summary: string }[] }

async function validate(text: string): Promise<Answer> {
  const tools = { ...terraformTools(), home, dockerHost: 'unix:///nowhere' }
  const { folder, cliConfig } = await prepareTools(
    tools,
    JSON.parse(text).terraform.required_providers,
  )
  const workdir = mkdtempSync(join(home, 'validate-'))
  cpSync(folder, workdir, { recursive: true })
  writeFileSync(join(workdir, 'cdk.tf.json'), text.replace('"http": {}', '"local": {}'))
  const run = promisify(execFile)(tools.terraformBinary, ['validate', '-json'], {
    cwd: workdir,
    env: { PATH: tools.searchPath, TF_CLI_CONFIG_FILE: cliConfig },
  })
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  return JSON.parse(stdout) as Answer
}
