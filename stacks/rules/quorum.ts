/**
 * Which machines of a pool's base are managers of the Swarm, one change at a time. Managers agree by majority (Raft): of
 * three one may be lost, of two none. So there is an odd number whenever that can be, who is dead leaves before another
 * comes, and nobody leaves where the rest would be no majority. Pure.
 */

export type Member = {
  id: string
  name: string
  /** Made by Labplan, and known to be what it says; who was there before is nobody's to change. */
  isOurs: boolean
  isUp: boolean
  /** What it shall be. */
  isManager: boolean
  vote: { isReachable: boolean } | null
}

export type Quorum = {
  votes: number
  answering: number
  /** So many more may be lost; below zero nobody decides anything any more. */
  canLose: number
}

const majorityOf = (votes: number): number => Math.floor(votes / 2) + 1

export function quorumOf(members: Pick<Member, 'vote'>[]): Quorum {
  const votes = members.filter(({ vote }) => vote !== null).length
  const answering = members.filter(({ vote }) => vote?.isReachable).length
  return { votes, answering, canLose: answering - majorityOf(votes) }
}

/** Whether the others are a majority of themselves, and there is one now that can let it go. */
export function canLeave(members: Pick<Member, 'id' | 'vote'>[], id: string): boolean {
  if (!members.some((one) => one.id === id && one.vote !== null)) return true
  const rest = quorumOf(members.filter((one) => one.id !== id))
  return rest.votes > 0 && rest.canLose >= 0 && quorumOf(members).canLose >= 0
}

/** Everybody is what they are to be. */
export const isSettled = (members: Pick<Member, 'isManager' | 'vote'>[]): boolean =>
  members.every(({ isManager, vote }) => isManager === (vote !== null))

export type RoleStep = { do: 'promote' | 'demote'; id: string }

/**
 * The next change, or none: while one is under way, or somebody does not answer, nothing is changed.
 * @param coming machines of ours that are on their way: an even number is borne as long
 */
export function nextRole(members: Member[], { coming }: { coming: number }): RoleStep | undefined {
  const { votes, answering } = quorumOf(members)
  if (!isSettled(members) || answering < votes) return undefined
  const ours = members
    .filter(({ isOurs, isUp }) => isOurs && isUp)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const candidates = ours.filter(({ isManager }) => !isManager)
  const most = votes + candidates.length
  const wanted = most % 2 === 1 ? most : most - 1
  if (wanted > votes) return { do: 'promote', id: candidates[0]!.id }
  const last = ours.findLast(({ isManager }) => isManager)
  return votes % 2 === 0 && coming === 0 && last ? { do: 'demote', id: last.id } : undefined
}
