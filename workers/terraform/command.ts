/**
 * Terraform's command lines as values: what is run, with which environment. Made by pure functions, read by
 * tests as one line, executed by spawn.ts alone. OpenTofu takes the same arguments.
 */

export type Command = {
  argv: string[]
  /** The whole environment: nothing of the worker's own is inherited. */
  env: Record<string, string>
  /** Names of variables whose values are never printed. */
  secret: string[]
  cwd: string
}

/** Where and with what one run works. */
export type Bench = {
  /** Path or name of Terraform or OpenTofu. */
  engine: string
  searchPath: string
  workdir: string
  /** CLI configuration that names the provider mirror. */
  cliConfig: string
  dockerHost: string
  /** Our state backend for this run; absent for commands that need none. */
  backend?: { address: string; username: string; password: string }
  /** Of a cloud, how it is entered: `OS_*`. */
  cloud?: Record<string, string>
  /** Values of the configuration's variables, by name. */
  variables: Record<string, unknown>
}

export const PLAN_FILE = 'plan.bin'

export const versionCommand = (bench: Bench): Command => command(bench, ['version', '-json'])

/** `readonly`: the providers must be exactly those of the lock file. */
export const initCommand = (bench: Bench, lockfile: 'write' | 'readonly'): Command =>
  command(bench, [
    'init',
    '-input=false',
    '-no-color',
    ...(lockfile === 'readonly' ? ['-lockfile=readonly'] : []),
  ])

/** `replace`: addresses that are made anew. `targets`: these addresses only. */
export type PlanOptions = {
  parallelism: number
  refresh: boolean
  replace?: string[]
  targets?: string[]
}

export const planCommand = (bench: Bench, options: PlanOptions): Command =>
  command(bench, [
    'plan',
    '-json',
    '-input=false',
    `-out=${PLAN_FILE}`,
    `-parallelism=${options.parallelism}`,
    ...(options.refresh ? [] : ['-refresh=false']),
    ...(options.replace ?? []).map((address) => `-replace=${address}`),
    ...(options.targets ?? []).map((address) => `-target=${address}`),
  ])

export const showCommand = (bench: Bench): Command => command(bench, ['show', '-json', PLAN_FILE])

/** For people: what is marked sensitive is left out by Terraform itself. */
export const showTextCommand = (bench: Bench): Command =>
  command(bench, ['show', '-no-color', PLAN_FILE])

/** Applies the plan that was shown, nothing else. */
export const applyCommand = (bench: Bench, options: Pick<PlanOptions, 'parallelism'>): Command =>
  command(bench, [
    'apply',
    '-json',
    '-input=false',
    `-parallelism=${options.parallelism}`,
    PLAN_FILE,
  ])

function command(bench: Bench, args: string[]): Command {
  const variables = Object.entries(bench.variables).map(([name, value]) => [
    `TF_VAR_${name}`,
    // A string is taken as it is, anything else as an expression.
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return {
    argv: [bench.engine, ...args],
    env: {
      PATH: bench.searchPath,
      // The provider would read registry credentials from the home of whoever runs the worker.
      HOME: bench.workdir,
      DOCKER_HOST: bench.dockerHost,
      TF_IN_AUTOMATION: '1',
      CHECKPOINT_DISABLE: '1',
      // Engine and provider live for seconds: collecting less garbage saves a quarter of their time.
      GOGC: '400',
      // Otherwise a provider writes down each step it takes, and Terraform reads all of it for nobody.
      TF_LOG_SDK: 'OFF',
      TF_LOG_SDK_PROTO: 'OFF',
      TF_CLI_CONFIG_FILE: bench.cliConfig,
      ...(bench.backend && backendEnvironment(bench.backend)),
      ...bench.cloud,
      ...Object.fromEntries(variables),
    },
    secret: ['TF_HTTP_PASSWORD', 'TF_VAR_join', 'OS_PASSWORD', 'OS_APPLICATION_CREDENTIAL_SECRET'],
    cwd: bench.workdir,
  }
}

/** Found in no plan, state or file of `.terraform`, unlike what is written into the configuration. */
function backendEnvironment(backend: NonNullable<Bench['backend']>): Record<string, string> {
  return {
    TF_HTTP_ADDRESS: backend.address,
    TF_HTTP_LOCK_ADDRESS: backend.address,
    TF_HTTP_UNLOCK_ADDRESS: backend.address,
    TF_HTTP_USERNAME: backend.username,
    TF_HTTP_PASSWORD: backend.password,
    TF_HTTP_RETRY_MAX: '2',
    TF_HTTP_RETRY_WAIT_MIN: '1',
    TF_HTTP_RETRY_WAIT_MAX: '3',
  }
}

/** One line as a shell would take it, with secrets blanked: for logs and tests. */
export function commandText(command: Command): string {
  const env = Object.entries(command.env).map(
    ([name, value]) => `${name}=${command.secret.includes(name) ? '***' : quoted(value)}`,
  )
  return [...env, ...command.argv.map(quoted)].join(' ')
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
