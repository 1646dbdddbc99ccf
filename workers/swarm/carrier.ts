/**
 * Carriers: small services, each one task on the node that has a scratch home, made of the image its seat ran with. One brings
 * the files to the volume, another removes them from the node. Not a seat, so not Terraform's; gone as soon as they have ended.
 */
import type { ServiceTemplate } from '../../stacks/blueprint.ts'
import { scratchName, seatLabel, volumeName } from '../../stacks/parts/names.ts'
import { keptFolder } from '../../stacks/parts/seat-volume.ts'
import { imageReference } from '../../stacks/parts/text.ts'
import type { Engine } from './engine.ts'
import { listOneTasks, removeOneTask, startOneTask } from './one-task.ts'
import { BRING, CLEAR, HOME_AT, SCRATCH_AT } from './scratch-script.ts'
import { ENDED } from './task.ts'

const LABEL = 'labplan.scratch'
const HOME_LABEL = 'labplan.scratch.home'
const DOES_LABEL = 'labplan.scratch.does'
/** What a program needs to read, own and name files of whatever user. */
const RIGHTS = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'MKNOD'].map((one) => `CAP_${one}`)

export type Errand = 'bring' | 'clear'
export type Carrier = {
  id: string
  home: string
  does: Errand
  /** Of its newest task: waiting has no node yet, working may be anything between. */
  state: 'waiting' | 'working' | 'ended'
  /** Of what ended; null where it never began. */
  exitCode: number | null
  said: string
}

const WAITING = new Set(['new', 'pending', 'allocated', 'assigned'])

export async function listCarriers(engine: Engine, installation: string): Promise<Carrier[]> {
  const known = await listOneTasks(engine, `${LABEL}=${installation}`)
  return known.map(({ id, labels, tasks: [newest] }) => {
    const { State = 'new', Err = '', ContainerStatus } = newest?.Status ?? {}
    const state = ENDED.has(State) ? 'ended' : WAITING.has(State) ? 'waiting' : 'working'
    return {
      ...{ id, home: labels[HOME_LABEL] ?? '', state, said: Err },
      does: labels[DOES_LABEL] === 'clear' ? 'clear' : 'bring',
      // A container that was never made has ended with nothing either.
      exitCode: State === 'complete' ? 0 : ContainerStatus?.ExitCode || null,
    }
  })
}

export type Load = {
  homeId: string
  course8: string
  number: number
  generation: number
  nodeId: string
  folder: string
  /** What its seat was made of there. */
  template: ServiceTemplate
}
type Place = { installation: string; registry: string; storageRoot: string }

/** Does nothing when there is one already. */
export async function sendCarrier(
  engine: Engine,
  place: Place,
  load: Load,
  does: Errand,
): Promise<void> {
  await startOneTask(engine, carrierBody(place, load, does))
}

/** As the engine's API takes it. Throws when the seat was on no scratch home. */
export function carrierBody(place: Place, load: Load, does: Errand) {
  const { template, homeId, nodeId } = load
  const keeper = template.volume?.scratch
  if (!keeper) throw new Error(`Seat ${load.course8}/${load.number} was on no scratch home.`)
  const name = { ...load, installation: place.installation }
  // As its seat's mounts name it: a node that has none of that name makes it.
  const Labels = {
    'labplan.installation': place.installation,
    'labplan.seat': seatLabel(name),
  }
  const volume = { Type: 'volume', ReadOnly: false, VolumeOptions: { Labels } }
  const scratch = { ...volume, Source: scratchName(name), Target: SCRATCH_AT }
  const driver = { Name: 'local', Options: keptFolder(place, volumeName(name), keeper) }
  const home = {
    Source: volumeName(name),
    Target: HOME_AT,
    VolumeOptions: { Labels, DriverConfig: driver },
  }
  const isBringing = does === 'bring'
  const words = isBringing ? [SCRATCH_AT, HOME_AT, homeId, load.folder] : [SCRATCH_AT]
  return {
    Name: `lp-scratch-${homeId.replaceAll('-', '')}-${does}`,
    Labels: { [LABEL]: place.installation, [HOME_LABEL]: homeId, [DOES_LABEL]: does },
    Mode: { Replicated: { Replicas: 1 } },
    TaskTemplate: {
      ContainerSpec: {
        Image: imageReference(template.image, place.registry),
        Command: ['sh', '-c', isBringing ? BRING : CLEAR, 'sh', ...words],
        User: '0',
        ...{ CapabilityDrop: ['ALL'], CapabilityAdd: RIGHTS },
        Mounts: isBringing ? [scratch, { ...volume, ...home }] : [scratch],
      },
      Placement: { Constraints: [`node.id==${nodeId}`] },
      RestartPolicy: { Condition: 'none' },
    },
  }
}

export const dismissCarrier = removeOneTask
