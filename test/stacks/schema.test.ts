import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseDocuments } from '../../stacks/schema-parse.ts'
import { courseSchema } from '../../stacks/schema.ts'
import { environmentDocument, poolDocument } from '../cast/documents.ts'

const course = (rest: string) => `apiVersion: labplan/v1
kind: Course
key: networks-101
title: Networks
environment: terminal
pool: local
seat: { cpu: 0.5, memoryMb: 512 }
students: 30
${rest}`

const errorsOf = (text: string) =>
  parseDocuments(text, 'course.yaml').errors.map(
    (one) => `${one.file}:${one.line}:${one.column} ${one.message} | ${one.allowed}`,
  )

test('an example is a document without errors, and says what it is', () => {
  for (const file of readdirSync('examples').filter((name) => name.endsWith('.yaml'))) {
    const { documents, errors } = parseDocuments(readFileSync(`examples/${file}`, 'utf8'), file)
    expect(errors).toEqual([])
    expect(documents.length).toBeGreaterThan(0)
  }
})

test('a document read, written as JSON and read again is the same', () => {
  const [read] = parseDocuments(
    course('sessions: [{ start: 2026-11-23T08:00, minutes: 90 }]'),
    'course.yaml',
  ).documents
  expect(courseSchema.parse(JSON.parse(JSON.stringify(read?.value)))).toEqual(read?.value)
})

test.each([
  [
    'state: redy',
    'course.yaml:9:8 state: "redy" is not allowed here | one of draft, test, ready, archived',
  ],
  ['atOnce: 0', 'course.yaml:9:9 atOnce: 0 is not allowed here | a whole number from 1 to 100000'],
  [
    'timeZone: Mars/Phobos',
    'course.yaml:9:11 timeZone: "Mars/Phobos" is not allowed here | an IANA time zone such as Europe/Paris',
  ],
  [
    'sessions:\n  - start: 2026-02-30T08:00\n    minutes: 90',
    'course.yaml:10:12 sessions[0].start: "2026-02-30T08:00" is not allowed here | a day and time that exist, such as 2026-11-23T08:00 (no seconds, no offset)',
  ],
  [
    'sessions:\n  - start: 2026-11-23T08:00\n    minutes: 90\n    repeat: FREQ=WEEKLY',
    'course.yaml:12:13 sessions[0].repeat: "FREQ=WEEKLY" is not allowed here | an RRULE with COUNT or UNTIL, such as FREQ=WEEKLY;COUNT=12',
  ],
  [
    'headroom: { seat: 3 }',
    'course.yaml:9:13 headroom: unknown field "seat" | the fields seats, atOnce, hours, days, reserved',
  ],
  [
    'lifecycle: { warnMinutes: 0 }',
    'course.yaml:9:27 lifecycle.warnMinutes: 0 is not allowed here | minutes, a whole number from 1 to 1440 (a day)',
  ],
  [
    'lifecycle: { stopMinutes: 20000 }',
    'course.yaml:9:27 lifecycle.stopMinutes: 20000 is not allowed here | minutes, a whole number from 5 to 10080 (a week)',
  ],
])('an error names file, line, column and what is allowed: %s', (text, error) => {
  expect(errorsOf(course(text))).toEqual([error])
})

test('what is missing, unknown or not YAML is said where it stands', () => {
  expect(errorsOf('apiVersion: labplan/v1\nkind: Zone\n')).toEqual([
    'course.yaml:1:1 key: missing | lower-case letters, digits and single dashes, starting with a letter, at most 40',
    'course.yaml:1:1 title: missing | a text, or { fr: …, en: … }',
  ])
  expect(errorsOf('kind: Curse\n')).toEqual([
    'course.yaml:1:7 kind: the document does not say what it is | kind: Course, Environment, Pool, Policy, Zone',
  ])
  expect(errorsOf('a: [')[0]).toMatch(/^course\.yaml:1:5 not YAML: /)
})

test('documents of one text are read side by side, errors with the line of the whole text', () => {
  const { documents, errors } = parseDocuments(
    `${course('')}\n---\n${course('state: no')}`,
    'two.yaml',
  )
  expect(documents.map((one) => [one.kind, one.line])).toEqual([['Course', 1]])
  expect(errors.map((one) => one.line)).toEqual([19])
})

const cloudPool = (rest: string) => `apiVersion: labplan/v1
kind: Pool
key: cloud
title: Cloud
openstack:
  regions: [{ name: north, image: debian-12, externalNetwork: public }]
${rest}`

test.each([
  [
    '  manager: 10.0.0.2:2377\nflavours: [{ key: m-large, cpu: 8, memoryMb: 32768, pricePerHour: 0.4, region: south }]',
    'course.yaml:8:80 flavours[0].region: "south" is not allowed here | a region of this pool: north',
  ],
  [
    '  manager: 10.0.0.2:2377\n  managers: { count: 1, flavour: m1.small }',
    'course.yaml:8:22 openstack.managers.count: 1 is not allowed here | 2 or 3: with the one that is there, two more make three managers, of which one may be lost; a third stands by',
  ],
  [
    '  manager: 10.0.0.2:2377\n  managers: { flavour: m1.small }\nflavours: [{ key: manager, cpu: 8, memoryMb: 32768, pricePerHour: 0.4 }]',
    'course.yaml:9:19 flavours[0].key: "manager" is not allowed here | another key: manager-1 is the first of the pool’s managers',
  ],
  [
    '  manager: 10.0.0.2:2377\n  gateways: [10.0.0.300/24]',
    'course.yaml:8:14 openstack.gateways[0]: "10.0.0.300/24" is not allowed here | an IPv4 network such as 10.64.0.0/20',
  ],
  [
    '  dns: []',
    'course.yaml:6:3 openstack.manager: missing | an address and port such as 10.0.0.2:2377',
  ],
])('a cloud that cannot be says where and what is allowed: %s', (rest, error) => {
  expect(errorsOf(cloudPool(rest))).toEqual([error])
})

test.each([
  ...['mounts: [{ source: /srv/labplan/keys, target: /mnt }]', 'volumes: [/srv/labplan:/mnt]'],
  ...['mountOptions: nosuid', 'driver: local', 'driverOptions: { type: nfs, device: ":/" }'],
  ...['privileged: true', 'devices: [/dev/fuse]', 'securityOpt: [apparmor=unconfined]'],
  ...['pid: host', 'user: root', 'personalVolume: other', 'secrets: [labplan]', 'configs: [x]'],
])('an environment has no setting that names files of a machine: %s', (setting) => {
  const { documents } = parseDocuments(environmentDocument, 'environment.yaml')
  expect(documents).toHaveLength(1)
  const { errors } = parseDocuments(`${environmentDocument}${setting}\n`, 'environment.yaml')
  expect(errors.map(({ message }) => message)).toEqual([
    expect.stringContaining(`unknown field "${setting.split(':')[0]}"`),
  ])
})

test.each([
  ...['personalVolume: lp-k3x9q2ab-personal-s002-g1', 'personalVolume: { name: other }'],
  ...['data: { sizeMb: 1, mountPath: /proc/1 }', 'data: { sizeMb: 1, mountPath: /a/../../etc }'],
  ...['data: { sizeMb: 1, source: /srv/labplan }', 'data: { sizeMb: 1, mountPath: "/d,ro=0" }'],
])('a course names no other volume, and no folder of the system: %s', (setting) => {
  expect(errorsOf(course(setting))).toHaveLength(1)
})

test.each(['cephfs, server: 10.1.0.9', 'nfs, server: "10.1.0.9,sec=sys"', 'nfs, server: ../x'])(
  'a pool has no option of a mount in what keeps its volumes: %s',
  (storage) => {
    const text = `${poolDocument}storage: { backend: ${storage} }\n`
    expect(parseDocuments(text, 'pool.yaml').errors.length).toBeGreaterThan(0)
  },
)
