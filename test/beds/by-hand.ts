/** Beds that were started by hand: what their commands have in common. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bedPlace, knownBeds, livingKeeper } from './place.ts'
import type { BedPlace } from './place.ts'
import { removeBed, sweepBeds } from './removal.ts'

/** Answers the exit code. */
export async function manage(command: 'list' | 'down' | 'reset', ids: string[]): Promise<number> {
  if (command === 'list') return list()
  if (command === 'down')
    return down(ids.length > 0 ? ids.map(bedPlace) : knownBeds().filter(wasStartedByHand))
  return say(`Removed ${(await sweepBeds()).length} left-over beds.`)
}

function list(): number {
  for (const place of knownBeds()) {
    const state = livingKeeper(place) === undefined ? 'left over' : 'running'
    say(`${place.id}  ${place.subnet}.0/24  ${state}${wasStartedByHand(place) ? ', by hand' : ''}`)
  }
  return 0
}

async function down(places: BedPlace[]): Promise<number> {
  for (const place of places) {
    const keeper = livingKeeper(place)
    if (keeper === undefined) {
      await removeBed(place)
    } else {
      process.kill(keeper, 'SIGTERM')
      while (livingKeeper(place) !== undefined) await sleep(50)
    }
    say(`Removed bed ${place.id}.`)
  }
  return 0
}

/** Beds of tests are tied to their test by a pipe, and are not ours to remove unless named. */
function wasStartedByHand(place: BedPlace): boolean {
  return existsSync(join(place.folder, 'by-hand'))
}

export function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}
