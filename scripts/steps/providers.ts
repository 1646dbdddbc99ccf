/** scripts/providers: makes the Terraform provider mirror, and prints its path. */
import { parseArgs } from 'node:util'
import { mirrorStep, providers } from './provider-mirror.ts'
import { readSettings } from './settings.ts'
import { CannotGoOn, runSteps } from './step.ts'
import { findEngine, terraformStep } from './terraform-engine.ts'

const USAGE = `scripts/providers [--openstack]

Puts the Terraform providers that Labplan uses into a filesystem mirror ($LABPLAN_CACHE/mirror), and prints its path.
From the public registry where it answers, else built from Go modules with pinned sums (scripts/providers.d).

  --openstack   the OpenStack provider too
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { openstack: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  })
  if (values.help) return void process.stdout.write(USAGE)
  const settings = readSettings()
  const engine = (): string => findEngine(settings) ?? 'terraform'
  const steps = [
    terraformStep(settings),
    mirrorStep(settings, engine, providers(values.openstack ?? false)),
  ]
  await runSteps(steps, process.stderr)
  process.stdout.write(`${settings.mirror}\n`)
}

try {
  await main()
} catch (error) {
  if (!(error instanceof CannotGoOn) && !(error instanceof TypeError)) throw error
  process.stderr.write(`scripts/providers could not go on. ${error.message}\n`)
  process.exitCode = 1
}
