import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  type ClientRequest,
  type IncomingMessage,
  type RequestListener,
  request as ask,
} from 'node:http'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Scene,
  type TestSeat,
  browse,
  enter,
  rawly,
  scene,
  seat,
  textOf,
  until,
} from './gateway-scene.ts'

let on: Scene
let own: TestSeat
let pass: { cookie: string }
/** What the environment does with the next requests. */
let serve: RequestListener

beforeAll(async () => {
  on = await scene()
  own = await seat(on, (request, response) => serve(request, response))
  pass = await enter(on, own)
})
afterAll(async () => {
  await own.running?.stop()
  await on.end()
})

/** A request as `browse` makes it, for those who want to see it in pieces. */
function open(options: { path?: string; method?: string; headers?: object } = {}): ClientRequest {
  const { path = '/', method = 'GET' } = options
  return ask({
    ...{ host: '127.0.0.1', port: on.gateway.port, path, method, agent: false },
    headers: { host: own.host, ...pass, ...options.headers },
  })
}

/** More than all socket buffers on the way can hold. */
const TOO_MUCH = 64 * 1024 * 1024

/** Writes until nothing is taken for a second; answers how much was. */
async function writtenUntilHeldBack(to: Writable): Promise<number> {
  const part = Buffer.alloc(64 * 1024)
  let written = 0
  while (written < TOO_MUCH) {
    written += part.length
    if (to.write(part)) continue
    const taken = await Promise.race([once(to, 'drain'), sleep(1_000, undefined)])
    if (!taken) break
  }
  return written
}

describe('heads', () => {
  it('says to the environment how the student sees it, and nothing of who or where they are', async () => {
    serve = (request, response) => response.end(JSON.stringify(request.rawHeaders))
    const host = `${own.host}:7081`
    const answer = await browse(on, host, '/', {
      headers: {
        'X-Custom': 'Kept',
        Origin: `http://${host}`,
        Authorization: 'Basic abc',
        cookie: `a=1; ${pass.cookie}; __Host-labplan-seat=old; b=2`,
        ...{ 'x-forwarded-for': '6.6.6.6', forwarded: 'for=6.6.6.6', 'x-real-ip': '6.6.6.6' },
        ...{ 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
        ...{ te: 'trailers', 'proxy-authorization': 'Basic x', 'x-hop': '1' },
        connection: 'keep-alive, X-Hop, Cookie, Host',
      },
    })
    expect(JSON.parse(answer.body)).toEqual([
      ...['Host', host, 'X-Custom', 'Kept', 'Origin', `http://${host}`],
      ...['Authorization', 'Basic abc', 'Cookie', 'a=1; b=2'],
      ...['X-Forwarded-Host', host, 'X-Forwarded-Proto', 'http', 'Connection', 'keep-alive'],
    ])
  })

  it('sends no Cookie header where ours was alone', async () => {
    serve = (request, response) => response.end(String('cookie' in request.headers))
    expect((await browse(on, own.host, '/', { headers: pass })).body).toBe('false')
  })

  it('keeps an environment’s cookies to its own host name, and its hands off ours', async () => {
    serve = (_, response) => {
      response.writeHead(201, 'Made it', [
        ...['Set-Cookie', 'a=1; Domain=seats.localhost; Path=/', 'Set-Cookie', 'b=2; HttpOnly'],
        ...['Set-Cookie', '__Host-labplan-seat=stolen; Path=/; Secure', 'X-Twice', '1'],
        ...['X-Twice', '2', 'Alt-Svc', 'h3=":443"', 'Clear-Site-Data', '"cookies"'],
        ...['Keep-Alive', 'timeout=1', 'Upgrade', 'h2c', 'Connection', 'X-Gone', 'X-Gone', '1'],
      ])
      response.end('x')
    }
    const question = open()
    question.end()
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    await textOf(answer)
    expect(answer.statusMessage).toBe('Made it')
    expect(answer.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; HttpOnly'])
    expect(answer.headers['x-twice']).toBe('1, 2')
    for (const name of ['alt-svc', 'clear-site-data', 'upgrade', 'x-gone'])
      expect(answer.headers).not.toHaveProperty(name)
  })

  it('passes paths and queries as they are', async () => {
    serve = (request, response) => response.end(request.url)
    const path = '/a//b/../%2e%2e/é?x=%00&y=//z'.replace('é', '%C3%A9')
    expect((await browse(on, own.host, path, { headers: pass })).body).toBe(path)
  })
})

describe('bodies', () => {
  it('passes 64 MiB up and down unchanged', async () => {
    serve = (request, response) => void pipeline(request, response)
    const part = randomBytes(1024 * 1024)
    const [sent, got] = [createHash('sha256'), createHash('sha256')]
    const parts = function* parts() {
      for (let i = 0; i < 64; i++) {
        sent.update(part)
        yield part
      }
    }
    const question = open({ method: 'PUT', headers: { 'content-length': 64 * part.length } })
    const sending = pipeline(Readable.from(parts()), question)
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    await pipeline(answer, got)
    await sending
    expect(answer.headers['transfer-encoding']).toBe('chunked')
    expect(got.digest('hex')).toBe(sent.digest('hex'))
  })

  it('holds the student back when the environment reads slowly', async () => {
    let environment: IncomingMessage | undefined
    serve = (request) => void (environment = request.pause())
    const question = open({ method: 'PUT', headers: { 'content-length': TOO_MUCH } })
    question.on('error', () => {})
    expect(await writtenUntilHeldBack(question)).toBeLessThan(TOO_MUCH * 0.8)
    question.destroy()
    environment!.destroy()
  })

  it('holds the environment back when the student reads slowly', async () => {
    const { promise: written, resolve } = Promise.withResolvers<number>()
    serve = (_, response) => resolve(writtenUntilHeldBack(response))
    const question = open()
    question.on('response', (answer: IncomingMessage) => answer.pause())
    question.on('error', () => {})
    question.end()
    expect(await written).toBeLessThan(TOO_MUCH * 0.8)
    question.destroy()
  })

  it('passes server-sent events one by one, and the head before the first', async () => {
    const events: (() => void)[] = []
    serve = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      events.push(
        () => response.write('data: 1\n\n'),
        () => response.end('data: 2\n\n'),
      )
    }
    const question = open()
    question.end()
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    answer.setEncoding('utf8')
    for (const [send, expected] of [
      [events[0]!, 'data: 1\n\n'],
      [events[1]!, 'data: 2\n\n'],
    ] as const) {
      send()
      expect((await once(answer, 'data'))[0]).toBe(expected)
    }
  })

  it('passes a chunked upload piece by piece, and drops its trailers', async () => {
    const pieces: string[] = []
    serve = async (request, response) => {
      for await (const piece of request) pieces.push(String(piece))
      response.end(JSON.stringify([request.headers['transfer-encoding'], request.trailers]))
    }
    const question = open({ method: 'POST', headers: { trailer: 'X-End' } })
    question.write('one')
    await until(() => pieces.length === 1)
    question.write('two')
    await until(() => pieces.length === 2)
    question.addTrailers({ 'X-End': '1' })
    question.end()
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    expect(JSON.parse(await textOf(answer))).toEqual(['chunked', {}])
    expect(pieces).toEqual(['one', 'two'])
  })

  it('says the length of no body: POST and DELETE without one', async () => {
    serve = (request, response) =>
      response.end(
        JSON.stringify([
          request.method,
          request.headers['content-length'],
          request.headers['transfer-encoding'],
        ]),
      )
    for (const [method, length] of [
      ['POST', '0'],
      ['DELETE', null],
      ['PROPFIND', '0'],
    ]) {
      const answer = await rawly(
        on,
        `${method} / HTTP/1.1\r\nHost: ${own.host}\r\nCookie: ${pass.cookie}\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toContain(JSON.stringify([method, length, null]))
    }
  })

  it('answers HEAD with the head alone, 204 and 304 without a body', async () => {
    serve = (request, response) => {
      const status = Number(request.url!.slice(1))
      response.writeHead(status, status === 200 ? { 'content-length': '1234' } : {}).end()
    }
    const head = await browse(on, own.host, '/200', { method: 'HEAD', headers: pass })
    expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': '1234' } })
    for (const status of [204, 304]) {
      const answer = await browse(on, own.host, `/${status}`, { headers: pass })
      expect(answer).toMatchObject({ status, body: '' })
      expect(answer.headers['transfer-encoding']).toBeUndefined()
    }
  })

  it('lets the environment say whether to go on: 100-continue', async () => {
    let arrived = 0
    own.running!.web.once('checkContinue', (request, response) => {
      response.writeContinue()
      request.on('data', (part: Buffer) => (arrived += part.length))
      request.on('end', () => response.end('took it'))
    })
    const expecting = { expect: '100-continue', 'content-length': '4' }
    const question = open({ method: 'PUT', headers: expecting })
    question.flushHeaders()
    await once(question, 'continue')
    expect(arrived).toBe(0)
    question.end('four')
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    expect(await textOf(answer)).toBe('took it')

    own.running!.web.once('checkContinue', (_, response) => {
      response.writeHead(413).end('too much')
    })
    const refused = open({ method: 'PUT', headers: expecting })
    refused.on('continue', () => refused.destroy(new Error('was told to go on')))
    refused.flushHeaders()
    const [no] = (await once(refused, 'response')) as [IncomingMessage]
    expect(no.statusCode).toBe(413)
    refused.destroy()
  })

  it('passes an answer that comes before the upload ends, and reads no more of it', async () => {
    serve = (_, response) => response.writeHead(413).end('too much')
    const question = open({ method: 'PUT', headers: { 'content-length': 1e9 } })
    question.on('error', () => {})
    question.write(Buffer.alloc(1000))
    const [answer] = (await once(question, 'response')) as [IncomingMessage]
    expect(answer.statusCode).toBe(413)
    expect(answer.headers.connection).toBe('close')
    await textOf(answer)
    await until(() => on.gateway.gate.work.count === 0)
  })
})

describe('endings', () => {
  it('tells the environment when the student goes', async () => {
    const { promise: gone, resolve } = Promise.withResolvers<boolean>()
    serve = (_, response) => {
      response.write('a')
      response.on('close', () => resolve(response.writableFinished))
    }
    const question = open()
    question.end()
    question.on('error', () => {})
    await once(question, 'response')
    question.destroy()
    expect(await gone).toBe(false)
    await until(() => on.gateway.gate.work.count === 0)
  })

  it('tells the environment when the student goes before it has answered', async () => {
    for (const method of ['GET', 'PUT']) {
      const { promise: gone, resolve } = Promise.withResolvers<boolean>()
      const { promise: came, resolve: arrive } = Promise.withResolvers<void>()
      serve = (_, response) => {
        response.on('close', () => resolve(response.writableFinished))
        arrive()
      }
      const question = open({ method })
      question.on('error', () => {})
      question.end()
      await came
      question.destroy()
      expect(await gone).toBe(false)
      await until(() => on.gateway.gate.work.count === 0)
    }
  })

  it('does not pass a cut answer off as a whole one', async () => {
    serve = (_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => response.destroy())
    }
    await expect(browse(on, own.host, '/', { headers: pass })).rejects.toThrow('aborted')
    serve = (_, response) => response.write('half', () => response.destroy())
    await expect(browse(on, own.host, '/', { headers: pass })).rejects.toThrow('aborted')
  })

  it('explains when the environment hangs up without a word, and to a browser comes back by itself', async () => {
    serve = (_, response) => response.destroy()
    const answer = await browse(on, own.host, '/', { headers: { ...pass, accept: 'text/html' } })
    expect(answer.status).toBe(502)
    expect(answer.body).toContain('/.labplan/wait.js')
    expect(answer.body).toContain(`/workspaces/${own.workspaceId}`)
    const posted = await browse(on, own.host, '/', {
      headers: { ...pass, accept: 'text/html' },
      method: 'POST',
    })
    expect(posted.status).toBe(502)
    expect(posted.body).not.toContain('wait.js')
  })

  it('asks again, over a new connection, when the environment had just closed an idle one', async () => {
    serve = (_, response) => response.end('fine')
    await browse(on, own.host, '/', { headers: pass })
    const { connections } = own.running!.taken()
    let refused = 0
    // The first request over the kept connection finds it closed; as RFC 9112 §9.3.1 warns.
    serve = (request, response) => {
      if (refused++ === 0) request.socket.destroy()
      else response.end('fine again')
    }
    const answer = await browse(on, own.host, '/', { headers: pass })
    expect(answer.body).toBe('fine again')
    expect(own.running!.taken().connections).toBe(connections + 1)
  })

  it('never sends twice what has a body', async () => {
    let came = 0
    serve = (request) => {
      came++
      request.socket.destroy()
    }
    const answer = await browse(on, own.host, '/', { headers: pass, method: 'POST', body: 'pay' })
    expect(answer.status).toBe(502)
    expect(came).toBe(1)
  })
})
