/** What must never reach Git: anything that names a person, and anything that looks like a secret. */

export type Leak = { path: string; line: number; why: 'person' | 'secret' }

/** Keys of cloud providers, tokens of forges, private keys; and what calls itself a password. */
const SECRETS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\b(ghp|gho|ghs|glpat|xox[abp])[-_][A-Za-z0-9_-]{16,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bSWMTKN-1-[a-z0-9-]{40,}/,
  /(?:\b|_)(password|passwd|secret|token|api_?key)\b["']?\s*[:=]\s*["']?[^\s"'{$]{8,}/i,
]
/** Long words of random letters. Digests are hexadecimal and have their own form. */
const WORD = /[A-Za-z0-9+/_-]{32,}/g
const MOST_BITS = 4.3

/**
 * @param people texts by which somebody could be recognised
 * @returns where each of them stands; never what
 */
export function findLeaks(files: Map<string, string>, people: string[]): Leak[] {
  const words = people.map((text) => text.toLowerCase())
  return [...files].flatMap(([path, text]) => {
    if (!words.some((word) => text.toLowerCase().includes(word)) && !looksSecret(text)) return []
    return text.split('\n').flatMap((content, i): Leak[] => {
      const line = i + 1
      if (words.some((word) => content.toLowerCase().includes(word)))
        return [{ path, line, why: 'person' }]
      return looksSecret(content) ? [{ path, line, why: 'secret' }] : []
    })
  })
}

/** Public keys are as random as private ones, and meant to be read. */
const PUBLIC_KEY = /\b(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+) [A-Za-z0-9+/=]+/g

function looksSecret(all: string): boolean {
  const text = all.replaceAll(PUBLIC_KEY, '')
  return SECRETS.some((secret) => secret.test(text)) || (text.match(WORD) ?? []).some(isRandom)
}

function isRandom(word: string): boolean {
  if (/^[0-9a-f]+$/.test(word) || !/[0-9]/.test(word) || !/[A-Z]/.test(word)) return false
  return entropyBits(word) > MOST_BITS
}

/** Shannon's, in bits a character: random base64 of 40 characters has about 4.8, words and paths below 4. */
function entropyBits(word: string): number {
  const counts = new Map<string, number>()
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  return [...counts.values()].reduce((bits, count) => {
    const share = count / word.length
    return bits - share * Math.log2(share)
  }, 0)
}

/** One sentence, for whoever has to change a document. */
export function leakText(leaks: Leak[]): string {
  const what = { person: 'names a person', secret: 'looks like a secret' }
  const said = leaks.slice(0, 3).map((leak) => `${leak.path}:${leak.line} ${what[leak.why]}`)
  const more = leaks.length > 3 ? ` and ${leaks.length - 3} more` : ''
  return `Nothing was written to Git: ${said.join(', ')}${more}. Change the document, then it goes on by itself.`
}
