/** What an agent that ended had half brought back is let go of in each volume, also where one of them cannot: on real file systems. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { agentScene, storageScene } from './storage-scene.ts'

const sockets = storageScene()
const scene = await agentScene(join(sockets.root, 'agent.sock'))
const { agent, root } = scene
const names = ['lp-test0000-c0urse00-s001-g1', 'lp-test0000-c0urse00-s002-g1'] as const
const stageOf = (name: string) => join(root, 'mounts', name, 'uploads', 'restore-cut')
/** Nobody may remove what has this attribute, root no more than others. */
const pin = (sign: '+' | '-') => execFileSync('chattr', [`${sign}i`, join(stageOf(names[0]), 'a')])
afterAll(async () => {
  pin('-')
  await scene.end()
  sockets.end()
})

it('is tidied in one volume though it could not be in the one before', async () => {
  for (const name of names) {
    await agent.ensure({ name, limitMb: 8, isNew: true })
    mkdirSync(stageOf(name), { recursive: true })
    writeFileSync(join(stageOf(name), 'a'), 'of a student')
  }
  pin('+')
  await scene.goAway()
  await scene.comeBack()
  await agent.list()
  await expect.poll(() => readdirSync(join(stageOf(names[1]), '..'))).toEqual([])
  expect(readdirSync(stageOf(names[0]))).toEqual(['a'])
})
