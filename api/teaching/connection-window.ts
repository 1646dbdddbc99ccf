/**
 * The student's connection window as a form, and back: what is shown of a seat, in which order, a text, buttons. Written as
 * the course's `display`, where it stands, and only when it differs. Pure.
 */
import { parseDocument } from 'yaml'
import { canonicalJson } from '../../stacks/blueprint.ts'
import { seatPath } from '../../stacks/rules/seat-path.ts'
import { displaySchema, linkSchemes } from '../../stacks/schema-display.ts'
import type { Display, Port, Text } from '../../stacks/terms.ts'
import { mergeSent, sentText, textOf } from './course-settings.ts'
import { tokenNames, unknownTokens } from '../display.ts'
import { putAt } from './document-edit.ts'
import { courseIn } from './plan-edits.ts'
import type { FormError } from './plan-form.ts'

const MOST = { title: 100, text: 4000, link: 500, buttons: 12 }
export const LINK = 'link'

type Titles = { titleEn: string; titleFr: string }
export type PortLine = Titles & { name: string; isShown: boolean }
/** `to`: a web port's name, or `link`; `where`: the path in it, or the address. */
export type ButtonLine = Titles & { to: string; where: string }
export type WindowForm = {
  showsLogin: boolean
  password: 'shown' | 'click' | 'never'
  textEn: string
  textFr: string
  /** In the order in which they are shown. */
  ports: PortLine[]
  buttons: ButtonLine[]
}

const titles = (text: Text | undefined): Titles => ({
  titleEn: text?.en ?? '',
  titleFr: text?.fr ?? '',
})

/** @param text a course.yaml that can be read; @param ports of its environment */
export function readWindow(text: string, ports: Port[]): WindowForm {
  const display = courseIn(parseDocument(text)).display ?? displaySchema.parse({})
  const known = display.ports.filter(({ name }) => ports.some((port) => port.name === name))
  const others = ports.filter(({ name }) => known.every((one) => one.name !== name))
  return {
    showsLogin: display.login !== 'never',
    password: display.password ?? 'click',
    // As a browser sends them back: who touched nothing has changed nothing.
    textEn: sentText(display.text?.en) ?? '',
    textFr: sentText(display.text?.fr) ?? '',
    ports: [
      ...known.map((one) => ({ name: one.name, isShown: one.shown, ...titles(one.title) })),
      ...others.map(({ name }) => ({ name, isShown: true, ...titles(undefined) })),
    ],
    buttons: display.buttons.map((one) => ({
      ...titles(one.title),
      to: one.port ?? LINK,
      where: one.link ?? one.path ?? '',
    })),
  }
}

/**
 * What a browser sent: `order` names the ports, `buttons` counts the buttons. Of a port that its page did not have,
 * since the environment has it only by now, nothing was said.
 */
export function sentWindow(body: Record<string, string>, known: WindowForm): WindowForm {
  if (body['order'] === undefined) return known
  const said = (name: string) => sentText(body[name]) ?? ''
  const order = body['order'].split(',')
  const place = ({ name }: PortLine) => {
    const at = order.indexOf(name)
    return at < 0 ? order.length : at
  }
  const sentLine = (name: string): PortLine => ({
    ...{ name, isShown: body[`shown-${name}`] !== undefined },
    ...{ titleEn: said(`title-en-${name}`), titleFr: said(`title-fr-${name}`) },
  })
  const count = Math.min(MOST.buttons, Number(/^\d{1,2}$/.exec(said('buttons')) ?? 0))
  return {
    showsLogin: body['login'] !== undefined,
    password: (['shown', 'never'] as const).find((one) => one === body['password']) ?? 'click',
    ...{ textEn: said('textEn'), textFr: said('textFr') },
    ports: known.ports
      .toSorted((a, b) => place(a) - place(b))
      .map((line) => (order.includes(line.name) ? sentLine(line.name) : line)),
    buttons: Array.from({ length: count }, (_, i) => ({
      ...{ titleEn: said(`button-en-${i}`), titleFr: said(`button-fr-${i}`) },
      ...{ to: said(`button-to-${i}`), where: said(`button-where-${i}`) },
    })),
  }
}

/** `up:ssh`, `down:ssh`, `add`, `drop:0`. */
export function afterAct(form: WindowForm, act: string | undefined, ports: Port[]): WindowForm {
  const [verb, of = ''] = (act ?? '').split(':')
  if (verb === 'add') {
    const web = ports.find((port) => port.kind === 'web')?.name ?? LINK
    const fresh = { titleEn: '', titleFr: '', to: web, where: '' }
    return { ...form, buttons: [...form.buttons, fresh].slice(0, MOST.buttons) }
  }
  if (verb === 'drop') return { ...form, buttons: form.buttons.toSpliced(Number(of), 1) }
  const from = form.ports.findIndex((one) => one.name === of)
  const to = from + (verb === 'up' ? -1 : 1)
  const line = form.ports[from]
  if ((verb !== 'up' && verb !== 'down') || !line || to < 0) return form
  return { ...form, ports: form.ports.toSpliced(from, 1).toSpliced(to, 0, line) }
}

/** What may be changed by itself, as a page carries it to know later what was changed on it: the buttons are one. */
export function windowParts({ ports, buttons, ...form }: WindowForm): Record<string, string> {
  return {
    ...{ showsLogin: form.showsLogin ? 'yes' : '', password: form.password },
    ...{ textEn: form.textEn, textFr: form.textFr },
    order: ports.map((one) => one.name).join(','),
    ...Object.fromEntries(ports.map((one) => [partOf(one.name), JSON.stringify(one)])),
    buttons: JSON.stringify(buttons),
  }
}

const partOf = (port: string): string => `port ${port}`

/** Of two people: what one changed since `base`, over what the other did. */
export function mergedWindow(
  sent: WindowForm,
  base: Record<string, string>,
  current: WindowForm,
): WindowForm {
  const parts = mergeSent(windowParts(sent), base, windowParts(current))
  const said = (name: string) => parts[name] ?? ''
  return {
    showsLogin: said('showsLogin') === 'yes',
    password: (['shown', 'never'] as const).find((one) => one === said('password')) ?? 'click',
    ...{ textEn: said('textEn'), textFr: said('textFr') },
    ports: said('order')
      .split(',')
      .filter((name) => name !== '')
      .map((name) => JSON.parse(said(partOf(name))) as PortLine),
    buttons: JSON.parse(said('buttons')) as ButtonLine[],
  }
}

/** Everything that is wrong, by the name of its field. */
export function checkWindow(form: WindowForm, ports: Port[]): FormError[] {
  const errors: FormError[] = []
  const wrong = (field: string, code: string, params = {}) => errors.push({ field, code, params })
  const known = tokenNames(ports)
  for (const name of ['textEn', 'textFr'] as const) {
    if (form[name].length > MOST.text) wrong(name, 'settings.error.long', { most: MOST.text })
    for (const token of unknownTokens(form[name], known))
      wrong(name, 'window.error.token', { token })
  }
  for (const { name, titleEn, titleFr } of form.ports)
    if (Math.max(titleEn.length, titleFr.length) > MOST.title)
      wrong(`title-en-${name}`, 'settings.error.long', { most: MOST.title })
  for (const [i, button] of form.buttons.entries()) checkButton(button, { i, known, ports }, wrong)
  return errors
}

function checkButton(
  { titleEn, titleFr, to, where }: ButtonLine,
  { i, known, ports }: { i: number; known: string[]; ports: Port[] },
  wrong: (field: string, code: string, params?: Record<string, string | number>) => unknown,
): void {
  const length = Math.max(titleEn.length, titleFr.length)
  if (length === 0 || length > MOST.title)
    wrong(`button-en-${i}`, 'window.error.title', { most: MOST.title })
  if (to !== LINK) {
    const isWeb = ports.some((port) => port.name === to && port.kind === 'web')
    if (!isWeb) wrong(`button-to-${i}`, 'window.error.port')
    if (where !== '' && seatPath(where) === undefined)
      wrong(`button-where-${i}`, 'window.error.path')
    return
  }
  const [token] = unknownTokens(where, known)
  if (token !== undefined) return void wrong(`button-where-${i}`, 'window.error.token', { token })
  const button = { title: 'x', link: where }
  if (!displaySchema.safeParse({ buttons: [button] }).success)
    wrong(`button-where-${i}`, 'window.error.link', { schemes: linkSchemes.join(', ') })
}

/** As a document says it: what goes without saying is not written. The form is checked. */
function displayOf(form: WindowForm, ports: Port[]): object | undefined {
  const text = textOf(form.textEn, form.textFr)
  const isUsual = form.ports.every(
    (one, i) => one.isShown && one.titleEn + one.titleFr === '' && one.name === ports[i]?.name,
  )
  const display = {
    ...(!form.showsLogin && { login: 'never' }),
    ...(form.password !== 'click' && { password: form.password }),
    ...(!isUsual && { ports: form.ports.map(portOf) }),
    ...(text !== undefined && { text }),
    ...(form.buttons.length > 0 && { buttons: form.buttons.map(buttonOf) }),
  }
  return Object.keys(display).length > 0 ? display : undefined
}

function portOf({ name, isShown, titleEn, titleFr }: PortLine) {
  const title = textOf(titleEn, titleFr)
  return { name, ...(title !== undefined && { title }), ...(!isShown && { shown: false }) }
}

function buttonOf({ titleEn, titleFr, to, where }: ButtonLine) {
  const title = textOf(titleEn, titleFr)
  if (to === LINK) return { title, link: where }
  return { title, port: to, ...(where !== '' && { path: where }) }
}

/** What a student's page makes of it. */
export const displayIn = (form: WindowForm, ports: Port[]): Display =>
  displaySchema.parse(displayOf(form, ports) ?? {})

export function writeWindow(text: string, form: WindowForm, ports: Port[]): string {
  const before = displayIn(readWindow(text, ports), ports)
  if (canonicalJson(before) === canonicalJson(displayIn(form, ports))) return text
  return putAt(text, ['display'], displayOf(form, ports))
}
