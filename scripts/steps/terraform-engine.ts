/**
 * Terraform or OpenTofu: the machine's, else Terraform's official release with a pinned checksum, else
 * OpenTofu built from its pinned Go module.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePrograms } from './debian.ts'
import { buildGoProgram } from './go.ts'
import { answers, download } from './internet.ts'
import type { Settings } from './settings.ts'
import { findProgram, isExecutable, mustRun, run } from './shell.ts'
import { CannotGoOn, type Say, type Step } from './step.ts'

const VERSION = '1.11.4'
const SHA256: Record<string, string> = {
  linux_amd64: '1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc',
  linux_arm64: 'a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633',
}

export function terraformStep(settings: Settings): Step {
  return {
    name: 'Terraform engine',
    async ensure(say) {
      const chosen = settings.choices.TERRAFORM_BINARY_NAME
      if (chosen && !(await runs(findProgram(chosen) ?? chosen)))
        throw new CannotGoOn(
          `TERRAFORM_BINARY_NAME=${chosen} does not run: correct it, or unset it.`,
        )
      if (findEngine(settings)) return undefined
      return await getOne(settings, say)
    },
  }
}

/** Path of the engine, once terraformStep made sure of it; undefined when there is none yet. */
export function findEngine({ cache, choices }: Settings): string | undefined {
  const chosen = choices.TERRAFORM_BINARY_NAME
  if (chosen) return findProgram(chosen) ?? chosen
  const ours = ['terraform', 'tofu'].map((name) => join(cache, 'engine', name))
  return findProgram('terraform') ?? findProgram('tofu') ?? ours.find(isExecutable)
}

async function runs(engine: string): Promise<boolean> {
  return (await run([engine, 'version', '-json'])).status === 0
}

async function getOne(settings: Settings, say: Say): Promise<string> {
  const folder = join(settings.cache, 'engine')
  mkdirSync(folder, { recursive: true })
  if (await downloadRelease(folder, say)) return `Terraform ${VERSION}, official release`
  const build = { module: 'opentofu', program: 'github.com/opentofu/opentofu/cmd/tofu' }
  await buildGoProgram(settings, { ...build, output: join(folder, 'tofu'), minutes: 4 }, say)
  return 'OpenTofu, built from source'
}

async function downloadRelease(folder: string, say: Say): Promise<boolean> {
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`
  const expected = SHA256[platform]
  if (!expected) return false
  const site = `https://releases.hashicorp.com/terraform/${VERSION}/`
  if (!(await answers(site))) return false
  say(`fetching Terraform ${VERSION}`)
  const zip = await download(`${site}terraform_${VERSION}_${platform}.zip`)
  if (!zip) return false
  const actual = createHash('sha256').update(zip).digest('hex')
  if (actual !== expected)
    throw new CannotGoOn(
      `the Terraform that was downloaded has checksum ${actual}, not ${expected}: something on the way changed it.`,
    )
  await unpack(zip, folder, say)
  return true
}

async function unpack(zip: Buffer, folder: string, say: Say): Promise<void> {
  await ensurePrograms({ unzip: 'unzip' }, say)
  const scratch = mkdtempSync(join(folder, 'zip.'))
  try {
    writeFileSync(join(scratch, 'terraform.zip'), zip)
    await mustRun(
      ['unzip', '-q', 'terraform.zip', 'terraform'],
      'the release could not be unpacked',
      { cwd: scratch },
    )
    renameSync(join(scratch, 'terraform'), join(folder, 'terraform'))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
