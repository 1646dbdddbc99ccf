/** What the seats of a bed have to say for themselves, for whoever reads why one of them did not come up. */
import { spawnSync } from 'node:child_process'
import type { SwarmBed } from './swarm.ts'

const LINES = '12'
const LIMIT_MS = 10_000

/** Of each container that runs: its processes and the last lines it wrote. Never throws. */
export function seatsSaid(bed: SwarmBed): string {
  return bed.nodes
    .flatMap(({ dockerHost }) => {
      const docker = (...words: string[]): string => said('docker', '-H', dockerHost, ...words)
      const ids = docker('ps', '--quiet').split('\n').filter(Boolean)
      return ids.map((id) =>
        [
          docker('ps', '--filter', `id=${id}`, '--format', '{{.Names}}: {{.Status}}, {{.Ports}}'),
          docker('top', id, '-o', 'pid,stat,wchan:24,etime,time,rss,args'),
          docker('logs', '--tail', LINES, id),
        ].join(''),
      )
    })
    .join('\n')
}

function said(program: string, ...words: string[]): string {
  const { stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', timeout: LIMIT_MS })
  return `${stdout ?? ''}${stderr ?? ''}`
}
