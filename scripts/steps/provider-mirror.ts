/**
 * The Terraform providers, as an unpacked filesystem mirror that `init` symlinks: no copy, no race. From the
 * public registry where it answers (`init` checks the signatures), else built from pinned Go modules.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { buildGoProgram } from './go.ts'
import { answers } from './internet.ts'
import type { Settings } from './settings.ts'
import { run } from './shell.ts'
import type { Say, Step } from './step.ts'

type Provider = {
  module: string
  source: `${string}/${string}`
  version: string
  program: string
  minutes: number
}

const DOCKER: Provider = {
  module: 'docker',
  source: 'kreuzwerker/docker',
  version: '4.6.0',
  program: 'github.com/terraform-providers/terraform-provider-docker',
  minutes: 5,
}
const OPENSTACK: Provider = {
  module: 'openstack',
  source: 'terraform-provider-openstack/openstack',
  version: '3.4.0',
  program: 'github.com/terraform-provider-openstack/terraform-provider-openstack/v3',
  minutes: 1,
}

const REGISTRY = 'registry.terraform.io'
/** OpenTofu looks for the same providers under its own registry's name. */
const OPENTOFU_REGISTRY = 'registry.opentofu.org'

/** The providers that this machine's mirror should hold. OpenStack's is for pools that use one. */
export function providers(withOpenstack: boolean): Provider[] {
  return withOpenstack ? [DOCKER, OPENSTACK] : [DOCKER]
}

export function mirrorStep(settings: Settings, engine: () => string, wanted: Provider[]): Step {
  return {
    name: 'Terraform providers',
    async ensure(say) {
      const missing = wanted.filter((provider) => !existsSync(mirrored(settings.mirror, provider)))
      for (const provider of missing) {
        if (!(await fetchOfficial(settings, engine(), provider, say)))
          await build(settings, provider, say)
      }
      for (const provider of wanted) linkForOpentofu(settings.mirror, provider)
      return missing.length > 0
        ? missing.map((p) => `${p.source} ${p.version}`).join(', ')
        : undefined
    },
  }
}

/** `<mirror>/registry.terraform.io/<ns>/<name>/<version>/linux_amd64`, as `terraform init` reads it. */
export function mirrored(mirror: string, { source, version }: Provider): string {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  return join(mirror, REGISTRY, source, version, `${process.platform}_${architecture}`)
}

async function fetchOfficial(
  settings: Settings,
  engine: string,
  provider: Provider,
  say: Say,
): Promise<boolean> {
  if (!(await answers(`https://${REGISTRY}/.well-known/terraform.json`))) return false
  say(`fetching ${provider.source} from ${REGISTRY}`)
  const scratch = mkdtempSync(join(tmpdir(), 'labplan-provider-'))
  try {
    const source = `${REGISTRY}/${provider.source}`
    const required = { [provider.module]: { source, version: provider.version } }
    const config = { terraform: { required_providers: required } }
    writeFileSync(join(scratch, 'main.tf.json'), JSON.stringify(config))
    writeFileSync(join(scratch, 'direct.tfrc'), 'provider_installation {\n  direct {}\n}\n')
    const env = { ...process.env, TF_CLI_CONFIG_FILE: join(scratch, 'direct.tfrc') }
    const { status } = await run([engine, 'init', '-backend=false'], { cwd: scratch, env })
    const fetched = mirrored(join(scratch, '.terraform', 'providers'), provider)
    if (status !== 0 || !existsSync(fetched)) return false
    put(fetched, mirrored(settings.mirror, provider))
    return true
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function build(settings: Settings, provider: Provider, say: Say): Promise<void> {
  const { module, program, minutes, version } = provider
  const folder = mirrored(settings.mirror, provider)
  const built = `${folder}.built-${process.pid}`
  const output = join(built, `terraform-provider-${module}_v${version}`)
  try {
    await buildGoProgram(settings, { module, program, minutes, output }, say)
    put(built, folder)
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
}

/** Copies beside the target and renames: a killed run leaves no half provider for `init` to find. */
function put(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`
  mkdirSync(join(to, '..'), { recursive: true })
  cpSync(from, unfinished, { recursive: true, dereference: true })
  rmSync(to, { recursive: true, force: true })
  renameSync(unfinished, to)
}

/** At the last folder: the search of a mirror walks through no link above it. */
function linkForOpentofu(mirror: string, provider: Provider): void {
  const target = mirrored(mirror, provider)
  const link = target.replace(join(mirror, REGISTRY), join(mirror, OPENTOFU_REGISTRY))
  if (existsSync(link)) return
  mkdirSync(join(link, '..'), { recursive: true })
  symlinkSync(relative(join(link, '..'), target), link)
}
