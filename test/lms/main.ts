// node test/lms/main.ts: the practice LMS as a process of its own.
//   LMS_LISTEN  where to listen, 127.0.0.1:7082
//   LMS_URL     public address, http://lms.localhost:7082
//   LMS_STATE   JSON file that survives a restart; without it everything is forgotten
import { startLms } from './lms.ts'

const listen = process.env['LMS_LISTEN'] ?? '127.0.0.1:7082'
const url = process.env['LMS_URL'] ?? 'http://lms.localhost:7082'
const stateFile = process.env['LMS_STATE']

const colon = listen.lastIndexOf(':')
const lms = await startLms({
  host: listen.slice(0, colon),
  port: Number(listen.slice(colon + 1)),
  url: url.replace(/\/$/u, ''),
  ...(stateFile && { stateFile }),
})
console.log(`Practice LMS ready at ${lms.url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void lms.close())
