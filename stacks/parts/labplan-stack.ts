/**
 * What every stack starts with: our http state backend, the Docker provider, and the variables of a run.
 * Addresses, passwords and the Docker host come from the environment of the run (`TF_HTTP_*`,
 * `DOCKER_HOST`): the configuration names none.
 */
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js'
import {
  TerraformBackend,
  type TerraformRemoteState,
  TerraformStack,
  TerraformVariable,
} from 'cdktf'
import { type Construct, RootConstruct } from 'constructs'

/** The bindings were made for 3.6 and speak to 4.6, which has the fixes we rely on. */
const DOCKER_PROVIDER_VERSION = '~> 4.6'

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
  readonly docker: DockerProvider

  /** `scope` is a cdktf App for people's `cdktf synth`; the worker needs none. */
  constructor(key: string, scope: Construct = new RootConstruct()) {
    super(scope, key)
    this.backend = new RunBackend(this)
    this.docker = new DockerProvider(this, 'docker', {})
    this.addOverride('terraform.required_providers.docker.version', DOCKER_PROVIDER_VERSION)
  }

  /** Declares a variable that the run sets as `TF_VAR_<name>`; `type` is Terraform's type expression. */
  variable(name: string, type: string, description: string): TerraformVariable {
    return new TerraformVariable(this, name, { type, description, nullable: false })
  }
}
