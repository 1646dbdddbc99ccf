/** The installation's own id, key ring and operator token: made once, kept in LABPLAN_HOME, private to their owner. */
import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Settings, writeJson, writePrivate } from './settings.ts'
import type { Step } from './step.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

export function identityStep(settings: Settings): Step {
  const { home, choices } = settings
  return {
    name: 'Installation',
    async ensure() {
      const made = [
        makeOnce(join(home, 'installation'), (file) =>
          writePrivate(file, `${newInstallationId()}\n`),
        ),
        makeOnce(choices.LABPLAN_KEY_FILE ?? join(home, 'keys.json'), writeKeyRing),
        makeOnce(choices.LABPLAN_OPERATOR_TOKEN_FILE ?? join(home, 'operator-token'), (file) =>
          writePrivate(file, `${randomBytes(32).toString('base64url')}\n`),
        ),
      ]
      return made.some(Boolean) ? `${installationId(home)}, with its keys` : undefined
    },
  }
}

function makeOnce(file: string, write: (file: string) => void): boolean {
  if (existsSync(file)) return false
  write(file)
  return true
}

/** 8 characters: names in Docker begin with it, and are limited to 63. */
function newInstallationId(): string {
  return Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

function writeKeyRing(file: string): void {
  writeJson(file, { current: 'k1', keys: { k1: randomBytes(32).toString('base64') } })
}

/** Undefined before the first start. */
export function findInstallationId(home: string): string | undefined {
  const file = join(home, 'installation')
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

function installationId(home: string): string {
  return findInstallationId(home) ?? ''
}
