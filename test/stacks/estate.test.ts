import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { type CompileInput, compile } from '../../stacks/compile.ts'
import { renderStack } from '../../stacks/render.ts'
import { contentsAt } from '../../stacks/rules/contents.ts'
import { type EstateDocument, exportEstate } from '../../stacks/rules/estate.ts'
import { contentOfFile, stackFileSchema } from '../../stacks/rules/stack-file.ts'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { inputOf } from './story.ts'

const files = ['networks-101', 'pools', 'policy', 'zone']
const examples = files.map((name) => readFileSync(`examples/${name}.yaml`, 'utf8')).join('\n---\n')

/** With the documents themselves, unless others are given. */
function estateOf(text: string, documents = documentsIn(text)): Map<string, string> {
  const input = inputWith(text)
  return exportEstate({ compiled: compile(input), pools: input.pools }, documents)
}

/** With the environments that the text describes, if it does. */
function inputWith(text: string): CompileInput {
  const input = inputOf(text, {})
  const own = parseDocuments(text, 'example').documents.flatMap((one) =>
    one.kind === 'Environment' ? [one.value] : [],
  )
  return { ...input, environments: own.length > 0 ? own : input.environments }
}

const documentsIn = (text: string): EstateDocument[] =>
  text.split('\n---\n').flatMap((part) =>
    parseDocuments(part, 'example').documents.map(({ kind, value }) => ({
      ...{ kind, key: 'key' in value ? value.key : 'policy', text: part },
    })),
  )

/** Lines that differ, counted as a review shows them: removed and added. */
function changedLines(before: string, after: string): { removed: number; added: number } {
  const [a, b] = [estateOf(before), estateOf(after)]
  let removed = 0
  let added = 0
  for (const path of new Set([...a.keys(), ...b.keys()])) {
    const [old, now] = [(a.get(path) ?? '').split('\n'), (b.get(path) ?? '').split('\n')]
    removed += old.filter((line) => !now.includes(line)).length
    added += now.filter((line) => !old.includes(line)).length
  }
  return { removed, added }
}

test('one seat more changes at most twelve lines of what goes to Git', () => {
  const { removed, added } = changedLines(
    examples,
    examples.replace('students: 30', 'students: 31'),
  )
  expect(added).toBeGreaterThan(0)
  expect(removed + added).toBeLessThanOrEqual(12)
})

test('moving one class of a series changes one line of the schedule, and its row for reviewers', () => {
  const moved = examples.replace(
    '2026-12-14T08:00: 2026-12-15T10:30',
    '2026-12-14T08:00: 2026-12-16T10:30',
  )
  // The third is the line that somebody wrote.
  expect(changedLines(examples, moved)).toEqual({ removed: 3, added: 3 })
})

test('documents stand as they were written, courses in their folders', () => {
  const text = 'kind: Course # mine\n'
  const files = estateOf(examples, [
    { kind: 'Course', key: 'networks-101', text },
    { kind: 'Pool', key: 'b', text: 'key: b' },
    { kind: 'Pool', key: 'a', text: 'key: a\n' },
  ])
  expect(files.get('courses/networks-101/course.yaml')).toBe(text)
  expect(files.get('pools.yaml')).toBe('key: a\n---\nkey: b\n')
})

test('what goes to Git reads as reviewed', async () => {
  const estate = estateOf(examples, [])
  const text = [...estate].map(([path, file]) => `== ${path}\n${file}`).join('\n')
  await expect(text).toMatchFileSnapshot('./expected/estate.txt')
})

/** Its newest build, by digest. */
const environmentText = readFileSync('examples/environments.yaml', 'utf8')
  .split('\n---\n')[0]!
  .replace('ports:', `image: labplan/terminal@sha256:${'a'.repeat(64)}\nports:`)

/** What a reviewer sees: `git diff` of the two estates, without the lines that say where it is. */
function gitDiff(before: string, after: string): { lines: number; text: string } {
  const folder = mkdtempSync(join(tmpdir(), 'labplan-test-diff-'))
  try {
    for (const [name, text] of [
      ['a', before],
      ['b', after],
    ] as const)
      for (const [path, file] of estateOf(text)) {
        mkdirSync(dirname(join(folder, name, path)), { recursive: true })
        writeFileSync(join(folder, name, path), file)
      }
    const { stdout } = spawnSync('git', ['diff', '--no-index', '--no-renames', '-U0', 'a', 'b'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const kept = stdout
      .split('\n')
      .filter((line) => /^(diff|[-+])/.test(line) && !/^(---|\+\+\+) /.test(line))
    const changed = kept.filter((line) => !line.startsWith('diff'))
    return {
      lines: changed.length,
      text: kept.map((line) => line.replace(/^diff --git a\/a\/(\S+) .*/, '== $1')).join('\n'),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  ['one seat more', 12, (text: string) => text.replace('students: 30', 'students: 31')],
  [
    'a class moved',
    6,
    (text: string) =>
      text.replace('2026-12-14T08:00: 2026-12-15T10:30', '2026-12-14T08:00: 2026-12-16T10:30'),
  ],
  ['another image', 6, (text: string) => text.replace(/^(image: .*sha256:)./m, '$1f')],
])('%s is a diff of at most %d lines', async (name, most, edit) => {
  const before = `${examples}\n---\n${environmentText}`
  const { lines, text } = gitDiff(before, edit(before))
  expect(lines).toBeGreaterThan(0)
  expect(lines).toBeLessThanOrEqual(most)
  const golden = `./expected/estate-diff-${name.replaceAll(' ', '-')}.txt`
  await expect(`${lines} lines\n${text}\n`).toMatchFileSnapshot(golden)
})

test('the file of a stack renders to the bytes that the compiled plan gives', () => {
  const { blueprint } = compile(inputOf(examples, {}))
  const place = {
    ...{ installation: 'example0', registry: '127.0.0.1:7083', storageRoot: '/var/lib/labplan' },
  }
  const files = estateOf(examples)
  const contents = contentsAt(blueprint, '2026-11-30T07:00:00Z', place)
  expect(contents.map((content) => content.key)).toEqual([
    'seats-networks-101-0',
    'volumes-networks-101',
  ])
  for (const content of contents) {
    const text = files.get(`courses/networks-101/stacks/${content.key}.json`) ?? ''
    const file = stackFileSchema.parse(JSON.parse(text))
    expect(renderStack(contentOfFile(file, place))).toBe(renderStack(content))
  }
})
