import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'

const ANSWER_MS = 15_000

export type WebShell = {
  /** The shell's own id, by which a page finds it again. */
  id: string
  /** Types a command and answers what it printed. */
  run(command: string): Promise<string>
  /** Types, and does not wait. */
  type(text: string): void
  /** All that was printed so far. */
  printed(): string
  /** Waits until that holds `text`. */
  untilPrinted(text: string): Promise<void>
  /** The connection breaks, as when a laptop is closed. */
  cut(): void
}

/** Speaks to the web terminal as its page does (scripts/images/web-terminal/socket.go). */
export async function openWebShell(
  host: string,
  { shell = '', headers = {} }: { shell?: string; headers?: Record<string, string> } = {},
): Promise<WebShell> {
  const socket = new WebSocket(`ws://${host}/terminal?shell=${shell}`, { headers })
  let printed = ''
  let shown = 0
  const heard = Promise.withResolvers<string>()
  heard.promise.catch(() => {}) // Told to who opens it, just below.
  socket.on('error', heard.reject)
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      printed += data.toString('utf8')
      shown += data.length
      socket.send(JSON.stringify({ shown }))
      return
    }
    const said = JSON.parse(data.toString('utf8')) as { shell?: string }
    if (said.shell) heard.resolve(said.shell)
  })
  await once(socket, 'open')
  socket.send(JSON.stringify({ size: [100, 30] }))
  const id = await heard.promise
  const untilPrinted = async (text: string) => {
    const signal = AbortSignal.timeout(ANSWER_MS)
    while (!printed.includes(text)) {
      await once(socket, 'message', { signal }).catch((cause: unknown) => {
        throw new Error(`The terminal did not print ${text} but:\n${printed}`, { cause })
      })
    }
  }
  return {
    id,
    printed: () => printed,
    untilPrinted,
    type: (text) => socket.send(Buffer.from(text)),
    async run(command) {
      // Not to be found in what the shell remembers, either.
      const tag = randomBytes(6).toString('hex')
      const from = printed.length
      // Written so that the echo of the command is not taken for its output.
      const [begin, end] = [`begin${tag}.`, `end${tag}.`]
      socket.send(Buffer.from(`echo "begin""${tag}."; ${command}; echo "end""${tag}."\n`))
      await untilPrinted(end)
      const output = printed.slice(from).replaceAll('\r', '')
      return output.slice(output.indexOf(begin) + begin.length, output.indexOf(end)).trim()
    },
    cut: () => socket.terminate(),
  }
}
