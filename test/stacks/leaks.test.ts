/** What may not reach Git, and what only looks as if it might not. */
import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { findLeaks, leakText, redacted } from '../../stacks/rules/leaks.ts'
import { peopleOf } from '../../stacks/rules/people.ts'

const leaksIn = (text: string, people: string[] = []) =>
  findLeaks(new Map([['course.yaml', text]]), peopleOf(people)).map(
    ({ line, why }) => `${line} ${why}`,
  )

it.each([
  'token: 7hd83-jsk2',
  'env: { DB_PASSWORD: "correct-horse" }',
  '-----BEGIN OPENSSH PRIVATE KEY-----',
  'glpat-Xy7Qz0PmW3vK9tBrLs2D',
  'value: 3q2+7wQx9Zr1LmPvK0sT8bYcUj4HnE6dGfAiXoRwVtM=',
  'value: kX9_vT2mQ8-rLp4ZyB7nWc1DsF6gHj3K0aEuRtYo',
])('holds back %s', (text) => {
  expect(leaksIn(`title: x\n${text}`)).toEqual(['2 secret'])
})

it.each([
  `image: labplan/terminal@sha256:${'5e07c1f9'.repeat(8)}`,
  'title: Sécurité des mots de passe et des jetons',
  'sshKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Qz0PmW3vK9tBrLs2DqYhX4uRf8ewT1oNcG5aVbZkM infra',
  'password: ${var.password}',
  'repeat: FREQ=WEEKLY;COUNT=12;BYDAY=MO,TU,WE,TH',
])('lets %s through', (text) => {
  expect(leaksIn(text)).toEqual([])
})

it('lets every example through', () => {
  for (const name of readdirSync('examples'))
    expect(leaksIn(readFileSync(`examples/${name}`, 'utf8'))).toEqual([])
})

it('finds people however they are written, and says where without saying whom', () => {
  const people = ['Ada Invented', 'ada@example.edu', 'lms-4711']
  const text = 'title: Course of ADA INVENTED\nask: Ada@Example.edu\ngroup: lms-4711\nfine: adapter'
  expect(leaksIn(text, people)).toEqual(['1 person', '2 person', '3 person'])
  const said = leakText(findLeaks(new Map([['course.yaml', text]]), peopleOf(people)))
  expect(said).toContain('course.yaml:1 names a person')
  expect(said).not.toMatch(/ada|4711/i)
})

it('takes out of a text to be shown the lines that name somebody or look like a secret, and no others', () => {
  const text = `  + name = "lp-1"\n  + title = "Ada Invented's"\n  + api_key = "glpat-Xy7Qz0PmW3vK9tBrLs2D"\n}`
  expect(redacted(text, peopleOf(['Ada Invented']))).toBe(
    `  + name = "lp-1"\n    (left out)\n    (left out)\n}`,
  )
})

it('finds a thousand made-up people in every field', () => {
  const people = Array.from(
    { length: 1000 },
    (_, i) => `person-${i.toString(36).padStart(4, '0')}x`,
  )
  const text = people.map((one) => `  - ${one}`).join('\n')
  expect(leaksIn(text, people)).toHaveLength(1000)
})

it('takes prose for nobody, whatever the people of a practice LMS are called', () => {
  const people = ['Student', 'Teacher', 'Manager', 'Assistant'].flatMap((role) =>
    ['One', 'Two'].map((number) => `${role} ${number}`),
  )
  const known = [...people, 'student1', 'student1@example.edu', '4096', '12']
  for (const name of readdirSync('examples'))
    expect(leaksIn(readFileSync(`examples/${name}`, 'utf8'), known)).toEqual([])
  expect(leaksIn('one student can fill the disk\nOne, Student\nask one.student', known)).toEqual([
    '2 person',
    '3 person',
  ])
})
