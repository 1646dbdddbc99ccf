/** One thing at a time for each volume; volumes do not wait for each other. */
import { isVolumeName } from './backend.ts'

export type InTurn<Place> = <T>(name: string, work: (place: Place) => Promise<T>) => Promise<T>

/** Throws at once when a name is none of a volume: what is done in turn never has to ask. */
export function turnsFor<Place>(placeOf: (name: string) => Place): InTurn<Place> {
  const turns = new Map<string, Promise<unknown>>()
  return (name, work) => {
    if (!isVolumeName(name)) throw new Error(`${name} is no name of a volume.`)
    const turn = (turns.get(name) ?? Promise.resolve()).then(() => work(placeOf(name)))
    const settled = turn.catch(() => {})
    turns.set(name, settled)
    return turn
  }
}
