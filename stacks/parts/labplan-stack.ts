/**
 * What every stack starts with: our http state backend, its provider, and the variables of a run. Addresses,
 * passwords, the Docker host and the cloud's credentials come from the environment of the run (`TF_HTTP_*`,
 * `DOCKER_HOST`, `OS_*`): the configuration names none.
 */
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js'
import {
  TerraformBackend,
  TerraformProvider,
  type TerraformRemoteState,
  TerraformStack,
  TerraformVariable,
} from 'cdktf'
import { type Construct, RootConstruct } from 'constructs'

/** The bindings were made for 3.6 and speak to 4.6, which has the fixes we rely on. */
const DOCKER_PROVIDER_VERSION = '~> 4.6'

/** The version that the mirror holds (scripts/providers). */
const OPENSTACK_PROVIDER = {
  source: 'terraform-provider-openstack/openstack',
  version: '3.4.0',
}

/** `backend "http" {}`: everything else of it is in the environment of the run. */
class RunBackend extends TerraformBackend {
  constructor(stack: TerraformStack) {
    super(stack, 'backend', 'http')
  }

  override getRemoteStateDataSource(): TerraformRemoteState {
    throw new Error('Stacks do not read each other: pass what is needed as a variable.')
  }
}

export class LabplanStack extends TerraformStack {
  readonly backend: TerraformBackend

  /** `scope` is a cdktf App for people's `cdktf synth`; the worker needs none. */
  constructor(key: string, scope: Construct = new RootConstruct()) {
    super(scope, key)
    this.backend = new RunBackend(this)
  }

  /** Declares a variable that the run sets as `TF_VAR_<name>`; `type` is Terraform's type expression. */
  variable(
    name: string,
    type: string,
    description: string,
    more: { sensitive?: boolean } = {},
  ): TerraformVariable {
    return new TerraformVariable(this, name, { type, description, nullable: false, ...more })
  }
}

/** A stack of things on a Swarm. */
export class DockerStack extends LabplanStack {
  readonly provider: TerraformProvider

  constructor(key: string, scope?: Construct) {
    super(key, scope)
    this.provider = new DockerProvider(this, 'docker', {})
    this.addOverride('terraform.required_providers.docker.version', DOCKER_PROVIDER_VERSION)
  }
}

class OpenstackProvider extends TerraformProvider {
  constructor(stack: TerraformStack) {
    super(stack, 'openstack', {
      terraformResourceType: 'openstack',
      terraformGeneratorMetadata: {
        providerName: 'openstack',
        providerVersion: OPENSTACK_PROVIDER.version,
      },
      terraformProviderSource: OPENSTACK_PROVIDER.source,
    })
  }

  protected override synthesizeAttributes(): Record<string, unknown> {
    return {}
  }
}

/** From now on it may have things of a cloud. */
export function withCloud(stack: TerraformStack): TerraformProvider {
  stack.addOverride('terraform.required_providers.openstack', OPENSTACK_PROVIDER)
  return new OpenstackProvider(stack)
}

/** A stack of machines and networks in a cloud. */
export class CloudStack extends LabplanStack {
  readonly provider: TerraformProvider

  constructor(key: string, scope?: Construct) {
    super(key, scope)
    this.provider = withCloud(this)
  }
}
