/** Sites that may or may not answer from here. */
const CONNECT_MS = 5000
const DOWNLOAD_MS = 180_000

export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(CONNECT_MS) })).ok
  } catch {
    return false
  }
}

export async function download(url: string): Promise<Buffer | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) })
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined
  } catch {
    return undefined
  }
}
