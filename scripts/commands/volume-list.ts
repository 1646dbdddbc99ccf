import type { Command } from '../command.ts'
import { usedWrongly } from '../command.ts'
import { table } from '../table.ts'

type Volume = {
  name: string
  course: string | null
  seat: number | null
  generation: number
  backend: string
  state: string
  plannedMb: number | null
  limitBytes: number | null
  usedBytes: number | null
  keptUntil: string | null
  message: string | null
}

export const command: Command = {
  summary: 'List volumes with their limits and what is used of them',
  usage: '[COURSE] [--full]',
  help: `
GEN. is the generation: each reset of a seat begins another, and the ones before
are kept until their date. A volume of the engine has no limit. One that is (personal)
is a student's own, in all of their courses; whose it is nobody is told.

--full  only those that are full, almost full, or not as they should be`,
  options: { full: { type: 'boolean' } },
  async run({ api, args, json, options, print }) {
    if (args.length > 1) throw usedWrongly('One course at most.')
    const query = args[0] === undefined ? '' : `?course=${encodeURIComponent(args[0])}`
    const { volumes } = await api.get<{ volumes: Volume[] }>(`/api/volumes${query}`)
    const shown = options['full'] ? volumes.filter(needsALook) : volumes
    if (json) return void print(JSON.stringify({ volumes: shown }))
    if (shown.length === 0)
      return void print(options['full'] ? 'None is full or amiss.' : 'No volume yet.')
    const heads = ['COURSE', 'SEAT', 'GEN.', 'KEPT BY', 'STATE', 'USED', 'LIMIT', 'KEPT UNTIL', '']
    print(table(heads, shown.map(lineOf)))
  },
}

function needsALook(volume: Volume): boolean {
  if (volume.state !== 'ready' || volume.message) return true
  return (volume.usedBytes ?? 0) >= 0.9 * (volume.limitBytes ?? Infinity)
}

function lineOf(volume: Volume): (string | number)[] {
  const { course, seat, generation, backend, state, usedBytes, limitBytes, message } = volume
  const limit = backend === 'engine' ? 'none' : megabytes(limitBytes)
  return [
    course ?? '(personal)',
    seat ?? '-',
    generation,
    backend,
    state,
    megabytes(usedBytes),
    limit,
    volume.keptUntil?.slice(0, 10) ?? '-',
    message ?? '',
  ]
}

const megabytes = (bytes: number | null): string =>
  bytes === null ? '-' : `${Math.round(bytes / 1024 / 1024)} MB`
