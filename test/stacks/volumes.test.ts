import { expect, it } from 'vitest'
import type { VolumesContent } from '../../stacks/content.ts'
import { renderStack } from '../../stacks/render.ts'

const volumes: VolumesContent = {
  kind: 'volumes',
  key: 'volumes-networks-101',
  installation: 'k3x9q2ab',
  course8: 'netw0rks',
  volumes: [
    { seat: 2, generation: 1 },
    { seat: 1, generation: 2 },
    { seat: 1, generation: 1 },
  ],
}

it('renders every generation of every seat as reviewed, and none may be destroyed', async () => {
  const text = renderStack(volumes)
  await expect(text).toMatchFileSnapshot('expected/volumes.tf.json')
  const { resource } = JSON.parse(text)
  const ones = Object.values<{ lifecycle: object }>(resource.docker_volume)
  expect(ones.map((volume) => volume.lifecycle)).toEqual(
    Array(3).fill(expect.objectContaining({ prevent_destroy: true })),
  )
})
