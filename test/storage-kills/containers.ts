import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const CALL_MS = 20_000

/** The seat of each container that runs on these engines. */
export async function seatsIn(hosts: string[]): Promise<string[]> {
  const format = '{{.Label "labplan.seat"}}'
  const argv = ['ps', '--filter', 'label=labplan.seat', '--format', format]
  const asked = hosts.map((host) =>
    execute('docker', ['-H', host, ...argv], { timeout: CALL_MS, encoding: 'utf8' }),
  )
  const answers = await Promise.all(asked)
  return answers.flatMap(({ stdout }) => stdout.split('\n').filter(Boolean))
}
