/** The engine and the providers that tests run with: those of this machine's cache (scripts/test makes it). */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const terraformTools = () => ({
  terraformBinary: process.env.TERRAFORM_BINARY_NAME ?? 'terraform',
  providerMirror:
    process.env.LABPLAN_PROVIDER_MIRROR ?? join(homedir(), '.cache', 'labplan', 'mirror'),
  searchPath: process.env.PATH ?? '',
})
