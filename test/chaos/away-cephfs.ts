/** A class whose storage is a real Ceph; while it is away, its servers stand still. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type CephBed, cephBed } from '../beds/ceph.ts'
import { type PracticeClass, practiceClass } from '../practice-class.ts'
import type { AwayMeans, AwayScene } from './storage-away.ts'

export async function cephfsAway({ plan, ...means }: AwayMeans): Promise<AwayScene> {
  const ceph = await cephBed()
  try {
    const poolStorage = '{ backend: cephfs }'
    const practice = await practiceClass(
      { ...plan, nodes: 2 },
      { ...means, env: ceph.env, poolStorage },
    )
    return sceneOf(ceph, practice)
  } catch (error) {
    await ceph.down()
    throw error
  }
}

function sceneOf(ceph: CephBed, practice: PracticeClass): AwayScene {
  return {
    ...{ practice, freeze: ceph.freeze, thaw: ceph.thaw },
    async startPrograms() {
      return running(practice).map(({ host, id }) => {
        docker(host, 'exec', '-d', id, 'sh', '-c', COUNTING)
        const last = ['exec', id, 'sh', '-c', 'tail -n 1 /home/*/count 2>/dev/null || echo 0']
        return { counted: async () => Number(docker(host, ...last)) }
      })
    },
    running: async () => running(practice).map(({ seat }) => seat),
    async countOf(volume) {
      const files = execFileSync('find', [ceph.root, '-path', `*/${volume}/*/home/*/count`])
      const [file] = files.toString().trim().split('\n')
      return file ? readFileSync(file, 'utf8') : undefined
    },
    async close() {
      await practice.close()
      await ceph.down()
    },
  }
}

const COUNTING =
  'cd /home/*; i=0; while :; do i=$((i+1)); echo $i >> count; sync count; sleep 0.5; done'

const docker = (host: string, ...words: string[]): string =>
  execFileSync('docker', ['-H', host, ...words], { stdio: 'pipe', timeout: 60_000 })
    .toString()
    .trim()

/** Of all nodes, by the seat they are of. */
function running({ bed }: PracticeClass): { host: string; id: string; seat: string }[] {
  const format = '{{.ID}} {{.Label "labplan.seat"}}'
  return bed.nodes.flatMap(({ dockerHost: host }) =>
    docker(host, 'ps', '--filter', 'label=labplan.seat', '--format', format)
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '))
      .map(([id = '', seat = '']) => ({ host, id, seat })),
  )
}
