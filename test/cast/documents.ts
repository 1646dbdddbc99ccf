// The documents of the cast: a pool, an environment, and the two courses its LMS knows.

const IMAGE = `labplan/terminal@sha256:${'0'.repeat(64)}`

export const zoneDocument = `apiVersion: labplan/v1
kind: Zone
key: default
title: { en: Institute of Invented Technology, fr: Institut des techniques inventées }
timeZone: Europe/Paris
`

export const environmentDocument = `apiVersion: labplan/v1
kind: Environment
key: terminal
title: { en: Terminal, fr: Terminal }
image: ${IMAGE}
ports:
  - { number: 8080, name: web, kind: web, title: { en: Web terminal, fr: Terminal web } }
  - { number: 22, name: ssh, kind: ssh, title: { en: SSH, fr: SSH } }
`

export const poolDocument = `apiVersion: labplan/v1
kind: Pool
key: local
title: { en: This machine, fr: Cette machine }
nodes:
  - { key: node-1, cpu: 64, memoryMb: 131072, diskMb: 1000000 }
`

/** Twelve Tuesdays from 10:00 to 12:00, Paris time. `students` is how many a session is for. */
export const networksDocument = (
  students = 30,
  atOnce = students,
): string => `apiVersion: labplan/v1
kind: Course
key: networks-101
title: { en: Networks 101, fr: Réseaux 101 }
environment: terminal
pool: local
seat: { cpu: 0.5, memoryMb: 512, volumeQuotaMb: 1024 }
students: ${students}
atOnce: ${atOnce}
sessions:
  - start: 2026-11-24T10:00
    minutes: 120
    repeat: FREQ=WEEKLY;COUNT=12
headroom: { seats: 0 }
`

/** One afternoon on graphics cards that the local pool does not have. */
export const machineLearningDocument = `apiVersion: labplan/v1
kind: Course
key: machine-learning-lab
title: { en: Machine learning lab, fr: Apprentissage automatique }
environment: terminal
pool: local
seat: { cpu: 2, memoryMb: 4096, volumeQuotaMb: 4096, gpu: { kind: a100, count: 1 } }
students: 8
sessions:
  - start: 2026-11-26T14:00
    minutes: 180
`

export const allDocuments = (): { name: string; text: string }[] => [
  { name: 'zone.yaml', text: zoneDocument },
  { name: 'environment.yaml', text: environmentDocument },
  { name: 'pool.yaml', text: poolDocument },
  { name: 'networks-101.yaml', text: networksDocument() },
  { name: 'machine-learning-lab.yaml', text: machineLearningDocument },
]

/** All of them, with lines after what one says: `{ 'pool.yaml': 'storage: { backend: local }\n' }`. */
export const documentsWith = (
  more: Partial<Record<'pool.yaml' | 'networks-101.yaml', string>>,
): { name: string; text: string }[] =>
  allDocuments().map((one) => ({
    ...one,
    text: one.text + ((more as Record<string, string>)[one.name] ?? ''),
  }))
