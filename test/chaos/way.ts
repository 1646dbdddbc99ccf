/** The way into one's own seat, as a browser goes it. */
import type { PracticeClass } from '../practice-class.ts'
import { formTo } from '../visitor.ts'

/** A door of somebody's own, and what their browser keeps to come through it again. */
export type Way = { person: string; gateway: string; host: string; cookie: string }

/** Launches, and goes from the workspace's page through the gateway's ticket. */
export async function enter({ launch, inst }: PracticeClass, person: string): Promise<Way> {
  const { visitor, page } = await launch(person)
  const door = formTo(page, /\/doors\/8080$/)
  const sent = { form: door.fields, origin: inst.publicUrl }
  const ticket = await visitor.once(new URL(door.action, inst.publicUrl).href, sent)
  const address = new URL(String(ticket.headers['location']))
  const entered = await visitor.once(address.href)
  const cookie = entered.cookies.join('; ')
  if (!cookie) throw new Error(`The gateway let ${person} not in: ${entered.status}`)
  return { person, gateway: `127.0.0.1:${address.port}`, host: address.host, cookie }
}

export const headersOf = ({ host, cookie }: Way) => ({ host, cookie, origin: `http://${host}` })
