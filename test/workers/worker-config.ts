/** What a whole worker of a test is told: its own home and key, a bed's engine and registry, this machine's tools. */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, readConfig } from '../../api/config.ts'
import type { SwarmBed } from '../beds/swarm.ts'
import type { TestDatabase } from '../postgres.ts'
import { terraformTools } from '../terraform-tools.ts'

export function workerConfig(
  home: string,
  bed: Pick<SwarmBed, 'registry' | 'dockerHost'>,
  { url, installation }: Pick<TestDatabase, 'url' | 'installation'>,
): Config {
  const keys = { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } }
  writeFileSync(join(home, 'keys.json'), JSON.stringify(keys))
  const tools = terraformTools()
  return readConfig({
    ...{ LABPLAN_HOME: home, DATABASE_URL: url, LABPLAN_INSTALLATION: installation },
    ...{ LABPLAN_REGISTRY: bed.registry, DOCKER_HOST: bed.dockerHost, PATH: tools.searchPath },
    TERRAFORM_BINARY_NAME: tools.terraformBinary,
    LABPLAN_PROVIDER_MIRROR: tools.providerMirror,
  })
}
