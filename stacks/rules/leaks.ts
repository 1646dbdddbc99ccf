/** What must never reach Git or a machine: what names a person, what looks like a secret, a field that nobody knows. */
import { type People, namesSomebody } from './people.ts'

export type Leak = { path: string; line: number; why: 'person' | 'secret' | 'key' }

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

/** @returns where somebody is named, or a secret stands; never what */
export function findLeaks(files: Map<string, string>, people: People): Leak[] {
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((content, i): Leak[] => {
      const line = i + 1
      if (namesSomebody(content, people)) return [{ path, line, why: 'person' }]
      return looksSecret(content) ? [{ path, line, why: 'secret' }] : []
    }),
  )
}

/** The text with each line that names somebody or looks like a secret taken out, and so said. */
export function redacted(text: string, people: People): string {
  return text
    .split('\n')
    .map((line) => (namesSomebody(line, people) || looksSecret(line) ? '    (left out)' : line))
    .join('\n')
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
  const what = {
    ...{ person: 'names a person', secret: 'looks like a secret' },
    key: 'has a field that is not known',
  }
  const said = leaks.slice(0, 3).map((leak) => `${leak.path}:${leak.line} ${what[leak.why]}`)
  const more = leaks.length > 3 ? ` and ${leaks.length - 3} more` : ''
  return `Nothing was written to Git: ${said.join(', ')}${more}. Change the document, then it goes on by itself.`
}

/** Every field of the JSON that goes to Git. Below `env` stands what people call their variables. */
const KEYS: ReadonlySet<string> = new Set(
  (
    'apiVersion kind stack course8 pool seats template image command env capabilities ports number name title fr en ' +
    'required cpuMillis memoryMb gpu count volume personal mountPath quotaMb pidsLimit constraints network course sessions price ' +
    'key zone cloud fixed idle regions externalNetwork subnet availabilityZones manager managers flavour gateways dns ' +
    'sshKey engineVolumeGb insecureRegistries flavours region elsewhere storage backend server limit limitMb data ' +
    'version sizeMb shares region shareType'
  ).split(' '),
)

/** JSON files with a field that is not on the list: nothing new goes to Git by accident. */
export function strangeKeys(files: Map<string, string>): Leak[] {
  return [...files].flatMap(([path, text]): Leak[] => {
    if (!path.endsWith('.json')) return []
    const strange = strangeIn(JSON.parse(text))
    if (strange === undefined) return []
    const line = text.split('\n').findIndex((content) => content.includes(`"${strange}":`)) + 1
    return [{ path, line, why: 'key' }]
  })
}

function strangeIn(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(strangeIn).find((key) => key !== undefined)
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    if (!KEYS.has(key)) return key
    const found = key === 'env' ? undefined : strangeIn(inner)
    if (found !== undefined) return found
  }
  return undefined
}
