/** What may be wrong with files and processes of a Labplan: one thing at a time. */
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { DoctorScene, Fault, NamedFault } from './doctor-scene.ts'

export function partFaults({ files, leader, nobody, stranger }: DoctorScene): NamedFault[] {
  return [
    ['a Terraform that is not there', 'Terraform', /does not run/, without(files.terraform)],
    [
      'providers that are not there',
      'Provider mirror',
      /no docker provider/,
      without(files.mirror),
    ],
    [
      'a provider that was cut off',
      'Provider mirror',
      /not a provider that runs/,
      rewritten(files.provider, ''),
    ],
    ['a key ring that is gone', 'Key ring', /is missing/, without(files.keys)],
    ['a key ring that is not readable', 'Key ring', /keys\.json: /, rewritten(files.keys, '{')],
    [
      'a key ring that others can read',
      'Key ring',
      /read by others/,
      { sicken: () => chmodSync(files.keys, 0o644), heal: () => chmodSync(files.keys, 0o600) },
    ],
    [
      'a disk that is nearly full',
      'Disk',
      /0\.4 GB free/,
      { world: { freeBytes: async () => 4e8 } },
    ],
    [
      'a state that Terraform left behind',
      'States',
      /errored\.tfstate, and it could not be kept/,
      leftState(join(dirname(files.keys), 'terraform')),
    ],
    ['an operator’s token that is gone', 'Operator token', /is missing/, without(files.token)],
    [
      'an api that does not answer',
      'API',
      /nobody answers/,
      { env: { LABPLAN_API_LISTEN: nobody } },
    ],
    [
      'a port that another program took',
      'API',
      /taken by another program/,
      { env: { LABPLAN_API_LISTEN: stranger } },
    ],
    [
      'a gateway that does not answer',
      'Gateway',
      /nobody answers/,
      { env: { LABPLAN_GATEWAY_LISTEN: nobody } },
    ],
    [
      'a practice LMS that does not answer',
      'Practice LMS',
      /nobody answers/,
      { env: { LABPLAN_PRACTICE: '1', LMS_LISTEN: nobody } },
    ],
    [
      'a worker that is not there',
      'Worker',
      /none is at work/,
      { sicken: () => leader.release(), heal: () => leader.comeBack() },
    ],
  ]
}

/** Left an hour ago. */
const leftState = (folder: string): Fault => ({
  sicken: () => {
    const run = join(folder, 'runs', 'stack', 'run')
    mkdirSync(run, { recursive: true })
    const file = join(run, 'errored.tfstate')
    writeFileSync(file, '{}')
    const at = (Date.now() - 3_600_000) / 1000
    utimesSync(file, at, at)
  },
  heal: () => rmSync(folder, { recursive: true }),
})
/** A file that is not there for a while. */
const without = (path: string): Fault => ({
  sicken: () => renameSync(path, `${path}.away`),
  heal: () => renameSync(`${path}.away`, path),
})
/** A file with another text for a while. */
const rewritten = (path: string, text: string): Fault => {
  const before = readFileSync(path)
  return { sicken: () => writeFileSync(path, text), heal: () => writeFileSync(path, before) }
}
