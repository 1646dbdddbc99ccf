import { type Call, type Command, CommandFailure, usedWrongly } from '../command.ts'

export const command: Command = {
  summary: 'Say how the cloud of a pool is entered, from an openrc file that was sourced',
  usage: 'POOL',
  help: `
Reads the variables that OpenStack's own command line reads, from the
environment: OS_AUTH_URL, and either OS_APPLICATION_CREDENTIAL_ID and
OS_APPLICATION_CREDENTIAL_SECRET (better: it can be withdrawn), or OS_USERNAME,
OS_PASSWORD, OS_PROJECT_NAME (and OS_USER_DOMAIN_NAME, OS_PROJECT_DOMAIN_NAME):

  . ./openrc && labplan pool credential cloud

They are kept encrypted under the key ring, and used by the worker alone: they
are in no Git, plan, state or log. What was kept before is forgotten.`,
  async run({ api, args, env, json, print }) {
    const [pool] = args
    if (!pool) throw usedWrongly('Of which pool? labplan pool credential cloud')
    const path = `/api/pools/${encodeURIComponent(pool)}/credential`
    const kept = await api.post<{ pool: string; authUrl: string }>(path, accessFrom(env))
    print(
      json ? JSON.stringify(kept) : `Pool ${kept.pool} is entered at ${kept.authUrl} from now on.`,
    )
  },
}

const PASSWORD = {
  username: 'OS_USERNAME',
  password: 'OS_PASSWORD',
  projectName: 'OS_PROJECT_NAME',
}

function accessFrom(env: Call['env']): Record<string, string> {
  const authUrl = given(env, 'OS_AUTH_URL')
  const id = env['OS_APPLICATION_CREDENTIAL_ID']
  if (id)
    return {
      ...{ authUrl, applicationCredentialId: id },
      applicationCredentialSecret: given(env, 'OS_APPLICATION_CREDENTIAL_SECRET'),
    }
  const access: Record<string, string> = { authUrl }
  for (const [name, variable] of Object.entries(PASSWORD)) access[name] = given(env, variable)
  const domain = env['OS_DOMAIN_NAME'] ?? 'Default'
  access['userDomainName'] = env['OS_USER_DOMAIN_NAME'] ?? domain
  access['projectDomainName'] = env['OS_PROJECT_DOMAIN_NAME'] ?? domain
  return access
}

function given(env: Call['env'], name: string): string {
  const value = env[name]
  if (value) return value
  throw new CommandFailure(`${name} is not set: source the openrc file of the cloud first.`, 2)
}
