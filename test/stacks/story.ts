/** A situation as a page a reviewer reads: documents in, what the compiler says in both languages. */
import type { Blueprint, BlueprintPool, BlueprintSession } from '../../stacks/blueprint.ts'
import { compile } from '../../stacks/compile.ts'
import type { Compiled, CompileInput } from '../../stacks/compile.ts'
import { formatWall, parseInstant, wallOf } from '../../stacks/rules/clock.ts'
import { diffText } from '../../stacks/rules/diff-text.ts'
import { diff, spent } from '../../stacks/rules/diff.ts'
import { sentence } from '../../stacks/rules/explain.ts'
import type { Naming } from '../../stacks/rules/explain.ts'
import { wantedAt } from '../../stacks/rules/wanted.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import type { ParsedDocument } from '../../stacks/schema-parse.ts'
import { defaultPolicy, defaultZone } from '../../stacks/schema.ts'
import type { Inventory } from '../../stacks/terms.ts'
import { terminal } from '../campus/campus.ts'

export interface Situation {
  name: string
  /** What to look for. */
  about: string
  documents: string
  /** The same documents after an edit: the story then tells the difference. */
  edited?: string
  inventory?: Partial<Inventory>
  now?: string
  /** Instants at which to say what is wanted. */
  at?: string[]
}

const timeZone = 'Europe/Paris'

export function story(situation: Situation): string {
  const input = inputOf(situation.documents, situation)
  const compiled = compile(input)
  const naming = namingOf(input)
  const parts = [
    `${situation.name}\n${'='.repeat(situation.name.length)}\n${situation.about}`,
    `Documents\n---------\n${situation.documents.trim()}`,
    ...tell(input, compiled, naming),
  ]
  for (const at of situation.at ?? []) parts.push(wantedPart(compiled.blueprint, at))
  if (situation.edited !== undefined) {
    const editedInput = inputOf(situation.edited, situation)
    const edited = compile(editedInput)
    parts.push(`Edited\n------\n${changedLines(situation.documents, situation.edited)}`)
    parts.push(...tell(editedInput, edited, naming))
    const difference = diff(compiled.blueprint, edited.blueprint, editedInput.pools)
    for (const language of ['fr', 'en'] as const) {
      parts.push(
        `Difference (${language})\n---------------\n${diffText(difference, language, naming).join('\n')}`,
      )
    }
  }
  return `${parts.join('\n\n').replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ')}\n`
}

export function inputOf(
  text: string,
  situation: Pick<Situation, 'inventory' | 'now'>,
): CompileInput {
  const { documents, errors } = parseDocuments(text, 'situation.yaml')
  if (errors.length > 0) throw new Error(JSON.stringify(errors, undefined, 2))
  return {
    courses: valuesOf(documents, 'Course'),
    environments: [terminal],
    pools: valuesOf(documents, 'Pool'),
    policy: valuesOf(documents, 'Policy')[0] ?? defaultPolicy,
    zones: [...valuesOf(documents, 'Zone'), defaultZone].slice(0, 1),
    inventory: situation.inventory ?? {},
    now: situation.now ?? '2026-09-01T00:00:00Z',
  }
}

function valuesOf<K extends ParsedDocument['kind']>(documents: ParsedDocument[], kind: K) {
  type Value = Extract<ParsedDocument, { kind: K }>['value']
  return documents.filter((one) => one.kind === kind).map((one) => one.value as Value)
}

function namingOf(input: CompileInput): Naming {
  return {
    timeZone,
    courseTitle: (key) => input.courses.find((one) => one.key === key)?.title,
    poolTitle: (key) => input.pools.find((one) => one.key === key)?.title,
  }
}

function tell(input: CompileInput, compiled: Compiled, naming: Naming): string[] {
  const { blueprint, notes } = compiled
  const say = (language: 'fr' | 'en') =>
    notes.map((note) => `${note.severity}: ${sentence(note, language, naming)}`).join('\n') ||
    'none'
  const sessions = blueprint.courses.flatMap((course) => course.sessions.map(sessionLine))
  const pools = blueprint.pools.flatMap((pool) => poolLines(input, blueprint, pool))
  return [
    `Notes (fr)\n----------\n${say('fr')}`,
    `Notes (en)\n----------\n${say('en')}`,
    `Sessions\n--------\n${sessions.join('\n') || 'none'}`,
    `Nodes\n-----\n${pools.join('\n')}`,
  ]
}

function local(instant: string): string {
  return formatWall(wallOf(parseInstant(instant), timeZone)).replace('T', ' ')
}

function hour(instant: string): string {
  return local(instant).slice(11)
}

function sessionLine(session: BlueprintSession): string {
  const nodes =
    session.placements.map((one) => `${one.node}: ${one.seats}`).join(', ') ||
    (session.kind === 'class' || session.kind === 'exam'
      ? 'no room'
      : 'nothing reserved of its own')
  const extra = session.extra
    .map((one) => `${one.seats} on ${one.node} until ${hour(one.until)}`)
    .join(', ')
  return (
    `${session.key} ${session.kind}\n` +
    `  class ${local(session.startsAt)} - ${local(session.endsAt)}, seats made ${hour(session.leadStartsAt)}, ` +
    `ready ${hour(session.readyAt)}, opens ${hour(session.opensAt)}, last seat ends ${hour(session.graceEndsAt)}\n` +
    `  ${session.students} students, ${session.atOnce} at once, ${session.spares} spare, warm ${session.warm}, ` +
    `seats ${session.seats}\n  on ${session.pool}: ${nodes}${extra === '' ? '' : `; extra time: ${extra}`}`
  )
}

function poolLines(input: CompileInput, blueprint: Blueprint, pool: BlueprintPool): string[] {
  const lines = pool.nodes.map(
    (node) => `${pool.key}: ${node.key} from ${local(node.from)} to ${local(node.until)}`,
  )
  const idle = pool.idle.map((node) => `${pool.key}: ${node.key} always on`)
  const document = input.pools.find((one) => one.key === pool.key)
  const { nodeHours, price, peak } = document
    ? spent(document, blueprint)
    : { nodeHours: 0, price: 0, peak: 0 }
  const own = pool.fixed.length > 0 ? `, own machines ${pool.fixed.join(', ')}` : ''
  return [
    ...idle,
    ...lines,
    `${pool.key}: ${nodeHours} node-hours, ${price} EUR, at most ${peak} at once${own}`,
  ]
}

function wantedPart(blueprint: Blueprint, at: string): string {
  const { stacks, warm } = wantedAt(blueprint, at)
  const title = `Wanted at ${local(at)}`
  const lines = stacks.map((stack) => {
    const seats =
      stack.seats.length === 0
        ? 'none'
        : `${stack.seats[0]}-${stack.seats.at(-1)} (${stack.seats.length})`
    return `${stack.key}: seats ${seats}, until ${stack.until === null ? 'nobody works there' : local(stack.until)}`
  })
  const warmed = warm.map((one) => `${one.session}: ${one.seats.length} warm`)
  return `${title}\n${'-'.repeat(title.length)}\n${[...lines, ...warmed].join('\n') || 'nothing'}`
}

/** Lines that came and went, good enough for small edits. */
function changedLines(before: string, after: string): string {
  const [old, now] = [before, after].map((text) => text.trim().split('\n')) as [string[], string[]]
  const gone = old.filter((line) => !now.includes(line)).map((line) => `- ${line}`)
  const come = now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`)
  return [...gone, ...come].join('\n')
}
