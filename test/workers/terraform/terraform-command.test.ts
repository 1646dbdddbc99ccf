import { expect, it } from 'vitest'
import {
  applyCommand,
  type Bench,
  commandText,
  initCommand,
  planCommand,
  showCommand,
  versionCommand,
} from '../../../workers/terraform/command.ts'

const bench: Bench = {
  engine: 'terraform',
  searchPath: '/usr/bin:/bin',
  workdir: '/home/runs/7',
  cliConfig: '/home/tools/cli.tfrc',
  dockerHost: 'unix:///var/run/docker.sock',
  backend: {
    address: 'http://127.0.0.1:4711/state',
    username: 'run',
    password: 'the-fencing-token',
  },
  variables: { run: '018f', secrets: { '001': 'abc' } },
}
const environment = [
  'PATH=/usr/bin:/bin HOME=/home/runs/7 DOCKER_HOST=unix:///var/run/docker.sock',
  'TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1 GOGC=400 TF_LOG_SDK=OFF TF_LOG_SDK_PROTO=OFF TF_CLI_CONFIG_FILE=/home/tools/cli.tfrc',
].join(' ')
const backend = [
  'TF_HTTP_ADDRESS=http://127.0.0.1:4711/state TF_HTTP_LOCK_ADDRESS=http://127.0.0.1:4711/state',
  'TF_HTTP_UNLOCK_ADDRESS=http://127.0.0.1:4711/state TF_HTTP_USERNAME=run TF_HTTP_PASSWORD=***',
  'TF_HTTP_RETRY_MAX=2 TF_HTTP_RETRY_WAIT_MIN=1 TF_HTTP_RETRY_WAIT_MAX=3',
].join(' ')
const variables = `TF_VAR_run=018f TF_VAR_secrets='{"001":"abc"}'`

it.each([
  [
    'plan',
    planCommand(bench, { parallelism: 100, refresh: true }),
    'terraform plan -json -input=false -out=plan.bin -parallelism=100',
  ],
  [
    'plan without a look',
    planCommand(bench, { parallelism: 10, refresh: false }),
    'terraform plan -json -input=false -out=plan.bin -parallelism=10 -refresh=false',
  ],
  ['show', showCommand(bench), 'terraform show -json plan.bin'],
  [
    'apply',
    applyCommand(bench, { parallelism: 50 }),
    'terraform apply -json -input=false -parallelism=50 plan.bin',
  ],
  ['init', initCommand(bench, 'write'), 'terraform init -input=false -no-color'],
  [
    'init with a lock',
    initCommand(bench, 'readonly'),
    'terraform init -input=false -no-color -lockfile=readonly',
  ],
])('%s is this whole line', (_, command, words) => {
  expect(commandText(command)).toBe(`${environment} ${backend} ${variables} ${words}`)
  expect(command.cwd).toBe('/home/runs/7')
})

it('runs OpenTofu by its path, and without a backend where none is needed', () => {
  const tofu = { ...bench, engine: '/opt/open tofu/tofu', variables: {}, backend: undefined }
  const { backend: _none, ...without } = tofu
  expect(commandText(versionCommand(without))).toBe(
    `${environment} '/opt/open tofu/tofu' version -json`,
  )
})
