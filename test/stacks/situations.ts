/** Named situations of a school's life. Each becomes a page in expected/. */
import type { Situation } from './story.ts'

const pool = (key: string, rest: string) => `---
apiVersion: labplan/v1
kind: Pool
key: ${key}
title: ${key === 'own' ? '{ fr: Salle B12, en: Room B12 }' : key === 'cloud' ? '{ fr: Nuage, en: Cloud }' : key}
${rest.trim()}
`
const cloud = pool(
  'cloud',
  'flavours: [{ key: m8, cpu: 8, memoryMb: 32768, pricePerHour: 0.2, bootMinutes: 5 }]',
)

const course = (key: string, title: string, rest: string) => `---
apiVersion: labplan/v1
kind: Course
key: ${key}
title: ${title}
environment: terminal
${rest.trim()}
`
const networks = (sessions: string, rest = 'students: 14') =>
  course(
    'networks',
    '{ fr: Réseaux, en: Networks }',
    `pool: cloud\nseat: { cpu: 0.5, memoryMb: 2048, volumeQuotaMb: 1024 }\n${rest}\nsessions:\n${sessions}`,
  )
const systems = (sessions: string, rest = 'students: 16') =>
  course(
    'systems',
    '{ fr: Systèmes, en: Systems }',
    `pool: cloud\nseat: { cpu: 0.5, memoryMb: 2048 }\n${rest}\nsessions:\n${sessions}`,
  )

const monday = '  - { start: 2026-11-23T08:00, minutes: 120 }'

export const situations: Situation[] = [
  {
    name: 'overlap',
    about:
      'Two classes overlap: the second sits beside the first where there is room, and its nodes stay on for it.',
    documents: cloud + networks(monday) + systems('  - { start: 2026-11-23T09:00, minutes: 120 }'),
  },
  {
    name: 'back-to-back',
    about:
      'A class ends, the next begins: when the gap is shorter than a boot the nodes are kept, else they go and come back.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-11-23T08:00, minutes: 60 }\n  - { start: 2026-11-23T10:00, minutes: 60 }\n  - { start: 2026-11-23T15:00, minutes: 60 }',
      ),
  },
  {
    name: 'two-pools',
    about: 'One course on own machines, one in the cloud: each pool is planned for itself.',
    documents:
      cloud +
      pool('own', 'nodes: [{ key: pc-1, cpu: 8, memoryMb: 32768 }]') +
      networks(monday) +
      systems(monday, 'students: 12').replace('pool: cloud', 'pool: own'),
  },
  {
    name: 'closed-pool',
    about:
      'A pool takes no new seats: sessions to come keep their place for when it is opened, their teacher is told since when, and where else there is room for all of them.',
    documents:
      cloud +
      pool('own', 'nodes: [{ key: pc-1, cpu: 8, memoryMb: 32768 }]') +
      pool('small', 'nodes: [{ key: pc-2, cpu: 2, memoryMb: 4096 }]') +
      networks(`${monday}\n  - { start: 2026-11-24T08:00, minutes: 120 }`) +
      systems(monday, 'students: 12').replace('pool: cloud', 'pool: small'),
    inventory: { closed: { cloud: '2026-09-01T07:30:00Z', small: '2026-09-01T07:30:00Z' } },
    now: '2026-09-01T08:00:00Z',
  },
  {
    name: 'gpu',
    about:
      'Seats with a GPU sit on GPU nodes; seats without leave those alone while there is other room.',
    documents:
      pool(
        'own',
        'nodes:\n  - { key: gpu-1, cpu: 16, memoryMb: 65536, gpu: { kind: a100, count: 4 } }\n  - { key: pc-1, cpu: 8, memoryMb: 32768 }',
      ) +
      course(
        'vision',
        'Vision',
        `pool: own\nseat: { cpu: 2, memoryMb: 8192, gpu: { kind: a100, count: 1 } }\nstudents: 4\nsessions:\n${monday}`,
      ) +
      networks(monday).replace('pool: cloud', 'pool: own'),
  },
  {
    name: 'holiday-in-a-series',
    about: 'A weekly class skips the holidays; a class added by hand on a day off is meant.',
    documents:
      `---\napiVersion: labplan/v1\nkind: Zone\nkey: default\ntitle: Example University\nholidays: [{ title: Noël, from: 2026-12-19, to: 2027-01-03 }]\n` +
      cloud +
      networks(
        '  - start: 2026-12-07T08:00\n    minutes: 120\n    repeat: FREQ=WEEKLY;COUNT=5\n    except: [2026-12-14]\n    also: [2026-12-19T10:00]',
      ),
  },
  {
    name: 'clock-change-autumn',
    about:
      'Europe/Paris, 25 October 2026: 8:00 stays 8:00 on the wall; the night class lasts its two hours.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-10-19T08:00, minutes: 120, repeat: FREQ=WEEKLY;COUNT=2 }\n  - { start: 2026-10-25T01:30, minutes: 120 }',
      ),
  },
  {
    name: 'clock-change-spring',
    about: 'Europe/Paris, 28 March 2027: 2:30 does not exist that night and becomes 3:30.',
    documents:
      cloud +
      networks(
        '  - { start: 2027-03-22T08:00, minutes: 120, repeat: FREQ=WEEKLY;COUNT=2 }\n  - { start: 2027-03-28T02:30, minutes: 60 }',
      ),
  },
  {
    name: 'over-midnight',
    about: 'A class from 22:30 to 1:30 belongs to the evening it starts on.',
    documents: cloud + networks('  - { start: 2026-11-27T22:30, minutes: 180 }'),
  },
  {
    name: 'infeasible',
    about:
      'Own machines are full at nine: which minute, which resource, how much is missing, and when it would fit.',
    documents:
      pool('own', 'nodes: [{ key: pc-1, cpu: 8, memoryMb: 32768 }]') +
      networks(monday).replace('pool: cloud', 'pool: own') +
      systems('  - { start: 2026-11-23T09:00, minutes: 120 }').replace('pool: cloud', 'pool: own'),
  },
  {
    name: 'scattered',
    about: 'Enough memory in all, but on no machine enough for one more place.',
    documents:
      pool(
        'own',
        'nodes: [{ key: pc-1, cpu: 8, memoryMb: 3072 }, { key: pc-2, cpu: 8, memoryMb: 3072 }]',
      ) + networks(monday, 'students: 3').replace('pool: cloud', 'pool: own'),
  },
  {
    name: 'headroom',
    about:
      'Outside class three cold seats exist in the hours of self-study, and capacity is kept for one of them.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-11-23T08:00, minutes: 120, repeat: FREQ=DAILY;COUNT=2 }',
        'students: 14\nheadroom: { seats: 3, hours: 14:00-18:00, reserved: 1 }',
      ),
    at: ['2026-11-23T08:00:00Z', '2026-11-23T14:00:00Z', '2026-11-23T21:00:00Z'],
  },
  {
    name: 'taken-beyond-count',
    about:
      'Sixteen seats have a holder, fourteen students are expected: all keep their seat, fourteen at once. A dormant one is left alone.',
    documents: cloud + networks(monday),
    inventory: {
      taken: { networks: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17] },
      dormant: { networks: [3] },
    },
    at: ['2026-11-23T07:00:00Z'],
  },
  {
    name: 'maximum-reached',
    about:
      'The pool may buy one node: who does not fit is told so, with the slots at which it would.',
    documents: cloud.trim() + '\nmaximum: 1\n' + networks(monday) + systems(monday),
  },
  {
    name: 'mixed-flavours',
    about: 'Large nodes for the bulk, a small one for the rest, by price.',
    documents:
      pool(
        'cloud',
        'flavours:\n  - { key: large, cpu: 32, memoryMb: 131072, pricePerHour: 0.7, bootMinutes: 5 }\n  - { key: small, cpu: 4, memoryMb: 16384, pricePerHour: 0.11, bootMinutes: 5 }',
      ) + networks(monday, 'students: 70'),
  },
  {
    name: 'minimum-idle',
    about: 'One node is always on; a class that fits on it buys nothing.',
    documents:
      cloud.trim() +
      '\nminimumIdle: 1\n' +
      networks(monday) +
      systems('  - { start: 2026-11-24T08:00, minutes: 60 }', 'students: 20'),
  },
  {
    name: 'moved-class',
    about: 'One class of a series moves to another day and keeps its name.',
    documents:
      cloud +
      networks('  - start: 2026-11-23T08:00\n    minutes: 120\n    repeat: FREQ=WEEKLY;COUNT=3'),
    edited:
      cloud +
      networks(
        '  - start: 2026-11-23T08:00\n    minutes: 120\n    repeat: FREQ=WEEKLY;COUNT=3\n    move: { 2026-11-30T08:00: 2026-12-01T10:30 }',
      ),
  },
  {
    name: 'shrunk-class',
    about:
      'Fewer students: fewer seats and nodes. Twenty seats have a volume already: those numbers stay until its date.',
    documents: cloud + networks(monday, 'students: 30'),
    edited: cloud + networks(monday, 'students: 14'),
    inventory: { volumes: { networks: Array.from({ length: 20 }, (_, i) => i + 1) } },
  },
  {
    name: 'course-archived',
    about:
      'An archived course has no more sessions; its holders’ volumes are listed until their date.',
    documents: cloud + networks(monday),
    edited: cloud + networks(monday, 'students: 14\nstate: archived'),
    inventory: { taken: { networks: [1, 2, 3] } },
  },
  {
    name: 'gpu-project',
    about:
      'Thirty students share four GPUs for fourteen days: places on own machines, hours for each, bookings inside.',
    documents:
      pool(
        'own',
        'nodes: [{ key: gpu-1, cpu: 32, memoryMb: 131072, gpu: { kind: a100, count: 4 } }]',
      ) +
      course(
        'learning',
        '{ fr: Apprentissage, en: Learning }',
        'pool: own\nseat: { cpu: 4, memoryMb: 16384, gpu: { kind: a100, count: 1 } }\nstudents: 30\nprojects:\n' +
          '  - key: final\n    from: 2026-11-30\n    to: 2026-12-13\n    atOnce: 4\n    hoursPerStudent: 50\n' +
          '    bookings: [{ start: 2026-12-01T10:00, minutes: 120, seats: 2 }]',
      ),
    at: ['2026-12-02T03:00:00Z'],
  },
  {
    name: 'gpu-project-in-the-cloud',
    about: 'The same period where GPUs are bought: nodes follow what is booked, not fourteen days.',
    documents:
      pool(
        'cloud',
        'flavours: [{ key: g4, cpu: 32, memoryMb: 131072, gpu: { kind: a100, count: 4 }, pricePerHour: 6, bootMinutes: 6 }]',
      ) +
      course(
        'learning',
        '{ fr: Apprentissage, en: Learning }',
        'pool: cloud\nseat: { cpu: 4, memoryMb: 16384, gpu: { kind: a100, count: 1 } }\nstudents: 30\nprojects:\n' +
          '  - key: final\n    from: 2026-11-30\n    to: 2026-12-13\n    atOnce: 4\n' +
          '    bookings: [{ start: 2026-12-01T10:00, minutes: 120, seats: 2 }, { start: 2026-12-01T11:00, minutes: 120, seats: 2 }]',
      ),
  },
  {
    name: 'exam',
    about:
      'An exam with two spare seats and extra time for three: the extra places stay, the others are freed.',
    documents:
      cloud +
      networks(
        '  - start: 2026-12-18T09:00\n    minutes: 180\n    exam: true\n    spares: 2\n    extraTime: [{ students: 2, minutes: 60 }, { students: 1, minutes: 90 }]',
      ),
  },
  {
    name: 'own-with-overflow',
    about: 'Own machines first, the cloud takes the overflow.',
    documents:
      pool(
        'mixed',
        'nodes: [{ key: pc-1, cpu: 8, memoryMb: 32768 }]\nflavours: [{ key: m8, cpu: 8, memoryMb: 32768, pricePerHour: 0.2, bootMinutes: 5 }]',
      ) + networks(monday, 'students: 30').replace('pool: cloud', 'pool: mixed'),
  },
  {
    name: 'parallel-groups',
    about:
      'Three groups of one course: two meet at the same time on their own seats, the third later.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-11-23T08:00, minutes: 120, group: a }\n  - { start: 2026-11-23T08:00, minutes: 120, group: b }\n  - { start: 2026-11-23T10:30, minutes: 120, group: c }',
        'students: 24\ngroups: [{ key: a, students: 8 }, { key: b, students: 8 }, { key: c, seats: 17-24, students: 8 }]',
      ),
    at: ['2026-11-23T08:00:00Z'],
  },
  {
    name: 'beyond-the-allowance',
    about: 'More than the course may have without review.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-11-23T08:00, minutes: 600, repeat: FREQ=DAILY;COUNT=4 }',
        'students: 40\nallowance: { seats: 30 }',
      ),
  },
  {
    name: 'mistakes',
    about: 'What a teacher may get wrong, and is told.',
    documents:
      cloud +
      networks(
        '  - { start: 2026-11-23T08:00, minutes: 120, group: z, except: [2026-11-24] }',
        'students: 14',
      ).replace('pool: cloud', 'pool: clowd') +
      systems(monday).replace('environment: terminal', 'environment: desktop') +
      course(
        'drafted',
        'Draft',
        'pool: cloud\nseat: { cpu: 1, memoryMb: 1024 }\nstudents: 3\nstate: draft',
      ) +
      course(
        'large',
        '{ fr: Calcul, en: Computing }',
        `pool: cloud\nseat: { cpu: 64, memoryMb: 1024 }\nstudents: 1\nsessions:\n${monday}`,
      ),
  },
]
