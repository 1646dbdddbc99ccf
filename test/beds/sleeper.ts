/** An image of two tiny programs: one that waits for ever, and `true`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Pushes it, through a folder of the test's own; answers its name by digest, without the registry. */
export function pushSleeper(dockerHost: string, registry: string, folder: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true })
  writeFileSync(join(folder, 'wait'), program(PAUSE), { mode: 0o755 })
  writeFileSync(join(folder, 'bin', 'true'), program(EXIT), { mode: 0o755 })
  const tar = execFileSync('tar', ['-C', folder, '-c', 'wait', 'bin'])
  const name = `${registry}/labplan/sleeper`
  const docker = (args: string[], input?: Buffer) =>
    execFileSync('docker', ['-H', dockerHost, ...args], { input, stdio: ['pipe', 'pipe', 'pipe'] })
  docker(['import', '--change', 'CMD ["/wait"]', '-', `${name}:1`], tar)
  const digest = /sha256:[0-9a-f]{64}/.exec(docker(['push', `${name}:1`]).toString())?.[0]
  return `labplan/sleeper@${digest}`
}

/** A loop around pause(2). It cannot be stopped but by SIGKILL. */
const PAUSE = 'b8220000000f05ebf7'
/** exit(0) */
const EXIT = 'b83c00000031ff0f05'

/** A whole Linux program for x86-64. */
function program(instructions: string): Buffer {
  const code = Buffer.from(instructions, 'hex')
  const size = 120 + code.length
  const header = Buffer.alloc(120)
  header.write('7f454c46020101', 'hex')
  header.writeUInt16LE(2, 16) // an executable
  header.writeUInt16LE(62, 18) // for x86-64
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(0x400078n, 24) // starts after the headers
  header.writeBigUInt64LE(64n, 32) // where its one segment is described
  header.writeUInt16LE(64, 52)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(1, 56)
  header.writeUInt32LE(1, 64) // to be loaded
  header.writeUInt32LE(5, 68) // read and run
  header.writeBigUInt64LE(0x400000n, 80)
  header.writeBigUInt64LE(0x400000n, 88)
  header.writeBigUInt64LE(BigInt(size), 96)
  header.writeBigUInt64LE(BigInt(size), 104)
  header.writeBigUInt64LE(0x1000n, 112)
  return Buffer.concat([header, code])
}
