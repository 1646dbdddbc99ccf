/** Sets, finds and removes the firewall of seats (seat-firewall.ts says what it is) on one node. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import {
  type SeatFirewall,
  seatFirewallHooks,
  seatFirewallRules,
  seatFirewallRulesV6,
} from '../../stacks/parts/seat-firewall.ts'
import { findProgram, isRoot, lastWords } from './shell.ts'
import { CannotGoOn } from './step.ts'

export type Place = {
  installation: string
  /** Path of the node's network namespace, when it is not this process's own: a test bed's node. */
  enterNamespace?: string
}

/**
 * Sets the chains anew, and has them asked. Throws CannotGoOn without root or iptables; but not when root
 * has set the very same since this machine started.
 */
export async function ensureFirewall(options: SeatFirewall & Place): Promise<void> {
  const firewall = { ...options, nameservers: options.nameservers ?? nameserversOfThisMachine() }
  const rules = seatFirewallRules(firewall)
  if (!isRoot() && noteOf(options) === rules) return
  requireRoot()
  await mustRestore(options, 'iptables', rules)
  await hook(options, 'iptables')
  // An engine without IPv6 has no ip6tables, and its seats no way out by it.
  if (findProgram('ip6tables')) {
    await mustRestore(options, 'ip6tables', seatFirewallRulesV6(firewall))
    await hook(options, 'ip6tables')
  }
  writeNote(options, rules)
}

/**
 * Where root notes the rules that were set, for those who may not look: /run is forgotten when the kernel
 * forgets the rules. A test bed's node has no /run of its own, and no note.
 */
const noteFile = ({ installation }: Place) => `/run/labplan/${installation}.firewall`

function noteOf(place: Place): string | undefined {
  if (place.enterNamespace !== undefined) return undefined
  return existsSync(noteFile(place)) ? readFileSync(noteFile(place), 'utf8') : undefined
}

function writeNote(place: Place, rules: string): void {
  if (place.enterNamespace !== undefined) return
  mkdirSync('/run/labplan', { recursive: true, mode: 0o755 })
  writeFileSync(noteFile(place), rules, { mode: 0o644 })
}

export async function removeFirewall(place: Place): Promise<void> {
  requireRoot()
  if (place.enterNamespace === undefined) rmSync(noteFile(place), { force: true })
  for (const program of ['iptables', 'ip6tables'] as const) {
    if (!findProgram(program)) continue
    for (const [asks, condition, chain] of seatFirewallHooks(place.installation)) {
      await iptables(place, ['-D', asks, ...condition, '-j', chain], program)
      await iptables(place, ['-F', chain], program)
      await iptables(place, ['-X', chain], program)
    }
  }
}

/** Whether the firewall stands on this node: seen by root, noted for others. */
export async function firewallStands(place: Place): Promise<boolean> {
  if (!isRoot()) return noteOf(place) !== undefined
  for (const [asks, condition, chain] of seatFirewallHooks(place.installation)) {
    const there = await iptables(place, ['-C', asks, ...condition, '-j', chain])
    if (there.status !== 0) return false
  }
  return true
}

/** The rules as iptables lists them, for people. */
export async function firewallRules(place: Place): Promise<string> {
  requireRoot()
  const { output } = await iptables(place, ['-S'])
  const ours = output.split('\n').filter((line) => line.includes(`labplan-${place.installation}-`))
  return ours.length > 0 ? ours.join('\n') : `No firewall of ${place.installation} stands here.`
}

function requireRoot(): void {
  if (!isRoot())
    throw new CannotGoOn(
      `the firewall between seats and this machine needs root: run 'sudo -E scripts/up', or once after each start of the machine 'sudo -E scripts/network up'.`,
    )
  if (!findProgram('iptables'))
    throw new CannotGoOn(
      `the firewall between seats and this machine needs iptables: install the package iptables.`,
    )
}

async function hook(place: Place, program: Program): Promise<void> {
  for (const [asks, condition, chain] of seatFirewallHooks(place.installation)) {
    const rule = [asks, ...condition, '-j', chain]
    if ((await iptables(place, ['-C', ...rule], program)).status === 0) continue
    const { status, output } = await iptables(place, ['-I', ...rule], program)
    if (status !== 0) throw new CannotGoOn(`${program} ${rule.join(' ')}: ${lastWords(output)}.`)
  }
}

async function mustRestore(place: Place, program: Program, rules: string): Promise<void> {
  const { status, output } = await inNetwork(
    place,
    [`${program}-restore`, '-w', '--noflush'],
    rules,
  )
  if (status !== 0)
    throw new CannotGoOn(`the firewall of seats could not be set (${lastWords(output)}).`)
}

type Program = 'iptables' | 'ip6tables'

function iptables(place: Place, args: string[], program: Program = 'iptables') {
  return inNetwork(place, [program, '-w', '-t', 'mangle', ...args])
}

/** Runs a command in the engine's network; the PATH of a user who became root may lack sbin. */
function inNetwork(
  { enterNamespace }: Place,
  argv: string[],
  input = '',
): Promise<{ status: number; output: string }> {
  const enter = enterNamespace === undefined ? [] : ['nsenter', `--net=${enterNamespace}`]
  const [program = '', ...args] = [
    ...enter,
    findProgram(argv[0] ?? '') ?? argv[0] ?? '',
    ...argv.slice(1),
  ]
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 30_000 })
  let output = ''
  child.stdout.on('data', (part: Buffer) => (output += part.toString()))
  child.stderr.on('data', (part: Buffer) => (output += part.toString()))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ status: 127, output: error.message }))
    child.on('close', (code) => resolve({ status: code ?? 1, output }))
    child.stdin.on('error', () => {}) // Ended without reading: its status says why.
    child.stdin.end(input)
  })
}

/** As the engine finds them: systemd's resolver on loopback stands for the ones it asks. */
function nameserversOfThisMachine(): string[] {
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const servers = linesOf(file).flatMap((line) => /^nameserver\s+([\d.]+)$/.exec(line)?.[1] ?? [])
    const others = servers.filter((server) => !server.startsWith('127.'))
    if (others.length > 0) return others
  }
  return []
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
  } catch {
    return []
  }
}
