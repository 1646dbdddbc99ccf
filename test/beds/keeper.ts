/**
 * A bed's keeper: makes the bed, says so on stdout, holds it until stdin ends or a signal comes, and
 * takes it down. Being a process of its own in its own session, it outlives whoever asked for the bed
 * by the moment the clean-up takes. Arguments: a bed's spec as JSON; `by hand` to ignore stdin.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formSwarm, registryAddress, startEngine, startRegistry } from './engines.ts'
import { bedSpecSchema, claimBed, volumesFolder } from './place.ts'
import type { BedPlace, BedRecord, BedSpec } from './place.ts'
import { removeBed, sweepBeds } from './removal.ts'
import { untilToldToStop } from './told-to-stop.ts'
import {
  hostAddress,
  hostAddressV6,
  layWires,
  outsideAddress,
  subnetIsRouted,
  writeResolver,
} from './wires.ts'

async function keep(spec: BedSpec, byHand: boolean): Promise<void> {
  const told = untilToldToStop(byHand)
  await sweepBeds()
  const place = claimBed(subnetIsRouted)
  if (byHand) writeFileSync(join(place.folder, 'by-hand'), '')
  try {
    const record = await Promise.race([makeBed(place, spec), told])
    if (record === undefined) return
    writeFileSync(join(place.folder, 'bed.json'), JSON.stringify(record))
    process.stdout.write(`${JSON.stringify(record)}\n`)
    await told
  } finally {
    await removeBed(place)
  }
}

/** What is mounted below it here is mounted in every node: where a storage agent of this machine keeps volumes. */
function shareVolumes(place: BedPlace): void {
  const folder = volumesFolder(place)
  mkdirSync(folder)
  execFileSync('mount', ['--bind', folder, folder])
  execFileSync('mount', ['--make-shared', folder])
}

async function makeBed(place: BedPlace, spec: BedSpec): Promise<BedRecord> {
  layWires(place, spec.nodes)
  shareVolumes(place)
  writeResolver(place)
  const [engines] = await Promise.all([
    Promise.all(Array.from({ length: spec.nodes }, (_, index) => startEngine(place, index, spec))),
    startRegistry(place),
  ])
  const nodes = engines.map((engine) => engine.node)
  if (spec.swarm) await formSwarm(nodes)
  return {
    id: place.id,
    folder: place.folder,
    subnet: `${place.subnet}.0/24`,
    hostAddress: hostAddress(place),
    hostAddressV6: hostAddressV6(place),
    outsideAddress: outsideAddress(place),
    outsideNamespace: `/run/netns/${place.outsideName}`,
    registry: registryAddress(place),
    volumes: volumesFolder(place),
    managerSocket: nodes[0]?.dockerHost ?? '',
    nodes,
  }
}

// Whoever reads stdout may be gone; the bed must still come down.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
await keep(bedSpecSchema.parse(JSON.parse(process.argv[2] ?? '{}')), process.argv[3] === 'by hand')
process.exit(0)
