/** Which forge it is, and where its API is. */
import type { Forge } from './forge.ts'
import { gitlab } from './forge-gitlab.ts'
import { pulls } from './forge-pulls.ts'

export type ForgeKind = 'gitlab' | 'forgejo' | 'gitea' | 'github'

/** @param address of the repository's page: `https://git.example.edu/infra/estate` */
export function forgeAt(kind: ForgeKind, address: string): Forge {
  const { origin, pathname } = new URL(address)
  const path = pathname.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '')
  if (kind === 'gitlab') return gitlab(`${origin}/api/v4/projects/${encodeURIComponent(path)}`)
  if (kind === 'github') {
    const isPublic = origin === 'https://github.com'
    const root = isPublic ? 'https://api.github.com' : `${origin}/api/v3`
    return pulls({ api: `${root}/repos/${path}`, page: 'per_page', pageSize: 100 })
  }
  // They may live below a path: the last two parts are the owner and the repository.
  const parts = path.split('/')
  const root = [origin, ...parts.slice(0, -2), 'api/v1/repos', ...parts.slice(-2)].join('/')
  return pulls({ api: root, page: 'limit', pageSize: 50 })
}
