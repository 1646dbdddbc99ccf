/** What tests and benches need of this machine and its cache, made once: programs, an engine, providers, the base image. */
import { prepareGitea } from '../../test/beds/gitea.ts'
import { prepareCeph } from '../../test/beds/cluster/install.ts'
import { sweepClusters } from '../../test/beds/cluster/place.ts'
import { prepareShares } from '../../test/beds/cloud/shares.ts'
import { prepareCloud } from '../../test/beds/openstack.ts'
import { prepareMachines } from '../../test/beds/machines/install.ts'
import { sweepBeds } from '../../test/beds/removal.ts'
import { prepareSshServer } from '../../test/beds/ssh-server.ts'
import { baseLayer } from '../images/base.ts'
import { terminal } from '../images/terminal.ts'
import { ensurePrograms } from './debian.ts'
import { mirrorStep, providers } from './provider-mirror.ts'
import type { Settings } from './settings.ts'
import type { Step } from './step.ts'
import { findEngine, terraformStep } from './terraform-engine.ts'

const PROGRAMS = {
  dockerd: 'docker.io',
  'docker-registry': 'docker-registry',
  mmdebstrap: 'mmdebstrap',
  chromium: 'chromium',
  ip: 'iproute2',
  iptables: 'iptables',
  ssh: 'openssh-client',
  openssl: 'openssl',
  unshare: 'util-linux',
}

/** Each looks first, and does what is missing. */
export function preparations(settings: Settings): Step[] {
  return [
    { name: 'Programs', ensure: (say) => ensurePrograms(PROGRAMS, say) },
    {
      name: 'Left-overs',
      async ensure() {
        const swept = (await sweepBeds()).length + (await sweepClusters())
        return swept ? `removed ${swept} beds of killed runs` : undefined
      },
    },
    terraformStep(settings),
    mirrorStep(settings, () => findEngine(settings) ?? 'terraform', providers(true)),
    {
      name: 'Base image',
      async ensure(say) {
        await baseLayer(settings.cache, terminal.packages, false, say)
        return undefined
      },
    },
    { name: 'SSH server', ensure: prepareSshServer },
    { name: 'OpenStack', ensure: prepareCloud },
    { name: 'Gitea', ensure: prepareGitea },
    { name: 'Machines', ensure: prepareMachines },
    { name: 'Ceph', ensure: prepareCeph },
    { name: 'Shares', ensure: prepareShares },
  ]
}
