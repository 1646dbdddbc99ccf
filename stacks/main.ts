/**
 * The cdktf app for people (`cdktf synth`, `cdktf diff`): a blueprint file → the stacks it wants at an instant,
 * as the worker would render them. The only file here that reads disk or the environment.
 *
 *   LABPLAN_BLUEPRINT      path of the blueprint's canonical bytes
 *   LABPLAN_AT             ISO instant, e.g. 2026-11-23T09:00:00Z
 *   LABPLAN_INSTALLATION   8 characters; `example0` when absent
 *   LABPLAN_REGISTRY       where images are; `127.0.0.1:7083` when absent
 *   LABPLAN_STORAGE_ROOT   where nodes have volumes; `/var/lib/labplan` when absent
 *
 * Generations of seats are known to the running system only: every seat is shown in its first.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { App, type ISynthesisSession, type IStackSynthesizer } from 'cdktf'
import { parseBlueprint } from './blueprint.ts'
import type { LabplanStack } from './parts/labplan-stack.ts'
import { synthesize } from './parts/synthesize.ts'
import { buildStack } from './render.ts'
import { contentsAt } from './rules/contents.ts'

/** The cdktf command line stops without this note of its own. It is the one line that the worker's bytes lack. */
const NOTE = '  "//": { "metadata": {} },\n'

/** Writes the bytes that the worker runs, where the cdktf command line looks for them. */
class CanonicalSynthesizer implements IStackSynthesizer {
  readonly #stack: LabplanStack

  constructor(stack: LabplanStack) {
    this.#stack = stack
  }

  synthesize(session: ISynthesisSession): void {
    const { workingDirectory, synthesizedStackPath } = session.manifest.forStack(this.#stack)
    mkdirSync(join(session.outdir, workingDirectory), { recursive: true })
    const [brace, ...lines] = synthesize(this.#stack).split(/(?<=\n)/)
    writeFileSync(join(session.outdir, synthesizedStackPath), [brace, NOTE, ...lines].join(''))
  }
}

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: see the top of stacks/main.ts.`)
  return value
}

const blueprint = parseBlueprint(readFileSync(required('LABPLAN_BLUEPRINT')))
const place = {
  installation: process.env.LABPLAN_INSTALLATION ?? 'example0',
  registry: process.env.LABPLAN_REGISTRY ?? '127.0.0.1:7083',
  storageRoot: process.env.LABPLAN_STORAGE_ROOT ?? '/var/lib/labplan',
}
const app = new App({ skipValidation: true, stackTraces: false })
for (const content of contentsAt(blueprint, required('LABPLAN_AT'), place)) {
  const stack = buildStack(content, app)
  stack.synthesizer = new CanonicalSynthesizer(stack)
}
app.synth()
