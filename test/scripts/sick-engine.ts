/** What may be wrong with the engine, its Swarm and its registry: one thing at a time. */
import type { DoctorScene, Fault, NamedFault } from './doctor-scene.ts'
import { refusedTask } from './played.ts'

export function engineFaults({ answers, images, nobody }: DoctorScene): NamedFault[] {
  const node = answers.nodes[1]!
  return [
    [
      'an engine that does not answer',
      'Docker engine',
      /does not answer/,
      { env: { DOCKER_HOST: `tcp://${nobody}` } },
    ],
    [
      'an engine without a swarm',
      'Swarm',
      /in no swarm/,
      {
        sicken: () =>
          (answers.info.Swarm = {
            ...answers.info.Swarm,
            LocalNodeState: 'inactive',
            ControlAvailable: false,
          }),
        heal: () =>
          (answers.info.Swarm = {
            ...answers.info.Swarm,
            LocalNodeState: 'active',
            ControlAvailable: true,
          }),
      },
    ],
    [
      'an engine that is no manager',
      'Swarm',
      /worker of its swarm/,
      {
        sicken: () => (answers.info.Swarm.ControlAvailable = false),
        heal: () => (answers.info.Swarm.ControlAvailable = true),
      },
    ],
    [
      'a node that is down',
      'Nodes',
      /^node-2: not ready/,
      { sicken: () => (node.Status.State = 'down'), heal: () => (node.Status.State = 'ready') },
    ],
    [
      'a node whose engine was cut off',
      'Nodes',
      /^node-2: refuses every seat/,
      {
        sicken: () => answers.tasks.push(refusedTask('id-node-2')),
        heal: () => answers.tasks.pop(),
      },
    ],
    [
      'a node that is drained',
      'Nodes',
      /^node-2: drained/,
      {
        sicken: () => (node.Spec.Availability = 'drain'),
        heal: () => (node.Spec.Availability = 'active'),
      },
    ],
    [
      'an engine that ignores no-new-privileges',
      'No new privileges',
      /20\.10\.24 ignores it/,
      {
        sicken: () => (answers.info.ServerVersion = '20.10.24'),
        heal: () => (answers.info.ServerVersion = '28.3.2'),
      },
    ],
    [
      'an engine whose clock is off',
      'Clock of the engine',
      /^1\d s ahead/,
      { sicken: () => (answers.clockMs = 15_000), heal: () => (answers.clockMs = 0) },
    ],
    [
      'a seat network that is gone',
      'Seat network',
      /no network lp-test0000-seats$/,
      network(answers, 'seats', undefined),
    ],
    [
      'seats that reach each other',
      'Seat network',
      /reach each other/,
      network(answers, 'seats-node', {
        Options: { 'com.docker.network.bridge.enable_icc': 'true' },
      }),
    ],
    [
      'a firewall that is not set',
      'Seat firewall',
      /not set/,
      { world: { firewallStands: async () => false } },
    ],
    [
      'a registry that is down',
      'Registry',
      /does not answer/,
      { env: { LABPLAN_REGISTRY: nobody } },
    ],
    [
      'an image that the registry lost',
      'Images',
      /labplan\/terminal@sha256/,
      { sicken: () => (images.areThere = false), heal: () => (images.areThere = true) },
    ],
  ]
}

function network({ networks }: DoctorScene['answers'], key: string, answer: unknown): Fault {
  const name = `lp-test0000-${key}`
  const before = networks[name]
  return {
    sicken: () => (networks[name] = answer),
    heal: () => (networks[name] = before),
  }
}
