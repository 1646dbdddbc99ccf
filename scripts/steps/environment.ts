/**
 * The environment that the processes and the command line run with: the variables of docs/configuration.md. Also written to
 * LABPLAN_HOME/env, for people: `set -a; . .labplan/env`.
 */
import { join } from 'node:path'
import { compileCache } from './compile-cache.ts'
import { findInstallationId } from './identity.ts'
import { databaseUrl } from './postgres.ts'
import { type Settings, writePrivate } from './settings.ts'
import { SYSTEM_PATH } from './shell.ts'
import { findEngine } from './terraform-engine.ts'

/** Of the starter's own environment, what programs need to work at all. */
const PASSED_ON = ['HOME', 'TZ', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']

export function labplanVariables(settings: Settings): Record<string, string> {
  const { home, ports } = settings
  // Of the way to a far engine: whoever reads DOCKER_HOST below must not take that for TLS as well.
  const { DOCKER_TLS_VERIFY: _tls, DOCKER_CERT_PATH: _certs, ...choices } = settings.choices
  return {
    ...choices,
    LABPLAN_HOME: home,
    LABPLAN_CACHE: settings.cache,
    DATABASE_URL: databaseUrl(settings),
    LABPLAN_INSTALLATION: findInstallationId(home) ?? '',
    LABPLAN_PUBLIC_URL: settings.publicUrl,
    LABPLAN_API_LISTEN: choices.LABPLAN_API_LISTEN ?? `127.0.0.1:${ports.api}`,
    LABPLAN_SEAT_URL: settings.seatUrl,
    LABPLAN_GATEWAY_LISTEN: choices.LABPLAN_GATEWAY_LISTEN ?? `127.0.0.1:${ports.gateway}`,
    LABPLAN_REGISTRY: settings.registry,
    LABPLAN_PROVIDER_MIRROR: settings.mirror,
    DOCKER_HOST: settings.dockerHost,
    TERRAFORM_BINARY_NAME: findEngine(settings) ?? 'terraform',
    LMS_LISTEN: choices.LMS_LISTEN ?? `127.0.0.1:${ports.lms}`,
    LMS_URL: settings.lmsUrl,
  }
}

export function environmentOf(settings: Settings): Record<string, string> {
  const passed = PASSED_ON.flatMap((name) => {
    const value = process.env[name] ?? process.env[name.toLowerCase()]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    PATH: SYSTEM_PATH,
    // Halves the time a process needs to start.
    NODE_COMPILE_CACHE: compileCache(settings),
    ...Object.fromEntries(passed),
    ...labplanVariables(settings),
  }
}

export function writeEnvironmentFile(settings: Settings): void {
  const lines = Object.entries(labplanVariables(settings)).map(
    ([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'`,
  )
  writePrivate(join(settings.home, 'env'), `${lines.join('\n')}\n`)
}
