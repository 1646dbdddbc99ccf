/** How the OpenStack provider is told where to enter: by its environment, so that no configuration, plan or state holds it. */
import type { CloudAccess } from '../../api/data/pools/pool-credential.ts'
import { type Content, isOfMachines } from '../../stacks/content.ts'

/** Objects that are adopted are looked for in the stack's one region: the provider's import asks nowhere else. */
export function cloudEnvironment(access: CloudAccess, content: Content): Record<string, string> {
  const where = {
    OS_AUTH_URL: access.authUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_REGION_NAME: regionOf(content),
  }
  if ('applicationCredentialId' in access)
    return {
      ...where,
      OS_AUTH_TYPE: 'v3applicationcredential',
      OS_APPLICATION_CREDENTIAL_ID: access.applicationCredentialId,
      OS_APPLICATION_CREDENTIAL_SECRET: access.applicationCredentialSecret,
    }
  return {
    ...where,
    OS_USERNAME: access.username,
    OS_PASSWORD: access.password,
    OS_USER_DOMAIN_NAME: access.userDomainName,
    OS_PROJECT_NAME: access.projectName,
    OS_PROJECT_DOMAIN_NAME: access.projectDomainName,
  }
}

function regionOf(content: Content): string {
  if (isOfMachines(content)) return content.cloud.regions[0]?.name ?? ''
  return content.kind === 'volumes' ? (content.shares?.region ?? '') : ''
}
