/** The process that keeps the way to a far engine open: `way-main.ts --socket PATH --docker-host HOST --certs FOLDER [--ssh-config FILE]`. */
import { parseArgs } from 'node:util'
import { openEngineWay } from './engine-way.ts'

const text = { type: 'string' } as const
const { values } = parseArgs({
  options: { socket: text, 'docker-host': text, certs: text, 'ssh-config': text },
})
const { socket, 'docker-host': dockerHost, certs = '', 'ssh-config': sshConfig } = values
if (socket === undefined || dockerHost === undefined)
  throw new Error('--socket and --docker-host are needed.')
const way = await openEngineWay({ dockerHost, certs, sshConfig }, socket)
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void way.close().then(() => process.exit(0)))
