/** Which machines are managers, one change after the other, whatever dies meanwhile: no Swarm here, only the rules. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canLeave, type Member, nextRole, quorumOf } from '../../stacks/rules/quorum.ts'

const member = (name: string, more: Partial<Member> = {}): Member => ({
  ...{ id: name, name, isOurs: name.startsWith('manager-'), isUp: true },
  ...{ isManager: false, vote: null },
  ...more,
})
const voter = (name: string, isReachable = true): Member =>
  member(name, { isManager: true, vote: { isReachable } })
const first = voter('first')
const [one, two, three] = ['manager-1', 'manager-2', 'manager-3'].map((name) => member(name))

/** All changes from there, each done at once. */
function settled(members: Member[], coming = 0): string[] {
  const steps: string[] = []
  let now = members
  for (let step = nextRole(now, { coming }); step; step = nextRole(now, { coming })) {
    const { id } = step
    const isManager = step.do === 'promote'
    steps.push(`${step.do} ${id}`)
    const vote = isManager ? { isReachable: true } : null
    now = now.map((each) => (each.id === id ? { ...each, isManager, vote } : each))
    if (steps.length > 20) throw new Error('It never settles.')
  }
  return [...steps, String(quorumOf(now).votes)]
}

it('makes three of one as soon as two more are there, and not before', () => {
  expect(settled([first, one!], 1)).toEqual(['1'])
  expect(settled([first, one!])).toEqual(['1'])
  expect(settled([first, two!, one!])).toEqual(['promote manager-1', 'promote manager-2', '3'])
})

it('keeps a third by, which takes the place of one that was lost', () => {
  const all = [first, one!, two!, three!]
  expect(settled(all)).toEqual(['promote manager-1', 'promote manager-2', '3'])
  // manager-1 is dead and was struck off; its machine is made anew.
  expect(settled([first, voter('manager-2'), three!], 1)).toEqual(['promote manager-3', '3'])
})

it('makes five of three, and never an even number of an even one', () => {
  const there = [voter('a'), voter('b'), voter('c')]
  expect(settled([...there, one!, two!])).toEqual(['promote manager-1', 'promote manager-2', '5'])
  expect(settled([voter('a'), voter('b'), one!, two!])).toEqual(['promote manager-1', '3'])
  // Somebody made another one by hand: two of ours and two of theirs are as good as three.
  const four = [voter('a'), voter('b'), voter('manager-1'), voter('manager-2')]
  expect(settled(four)).toEqual(['demote manager-2', '3'])
})

it('bears two while the third is made anew, and is one again when none comes', () => {
  expect(settled([first, voter('manager-1')], 1)).toEqual(['2'])
  expect(settled([first, voter('manager-1')])).toEqual(['demote manager-1', '1'])
})

it('changes nothing while somebody does not answer, or a change is under way', () => {
  expect(settled([voter('first', false), voter('a'), voter('b'), one!, two!])).toEqual(['3'])
  const promoted = member('manager-1', { isManager: true })
  expect(settled([first, promoted, two!])).toEqual(['1'])
})

it('touches nobody who was there before, nor who is not known to be ours', () => {
  expect(settled([voter('a'), voter('b')])).toEqual(['2'])
  const strange = member('manager-9', { isOurs: false })
  expect(settled([first, one!, strange])).toEqual(['1'])
})

it('lets nobody go without whom the others are no majority', () => {
  const three = [first, voter('manager-1'), voter('manager-2')]
  expect(canLeave(three, 'manager-1')).toBe(true)
  const firstAway = [voter('first', false), voter('manager-1'), voter('manager-2')]
  expect(canLeave(firstAway, 'manager-1')).toBe(false)
  expect(canLeave(firstAway, 'first')).toBe(true)
  expect(canLeave([first], 'first')).toBe(false)
  expect(canLeave([first, one!], 'manager-1')).toBe(true)
  // Two of three are away: nobody can decide that anybody goes.
  expect(canLeave([first, voter('manager-1', false), voter('manager-2', false)], 'manager-1')).toBe(
    false,
  )
})

it('never takes a step after which the loss that could be borne before could not', () => {
  const anyMember = fc.record({
    isOurs: fc.boolean(),
    isUp: fc.boolean(),
    role: fc.constantFrom('worker', 'manager', 'away'),
  })
  fc.assert(
    fc.property(fc.array(anyMember, { minLength: 1, maxLength: 7 }), fc.nat(2), (some, coming) => {
      const members = some.map(({ isOurs, isUp, role }, i): Member => {
        const vote = role === 'worker' ? null : { isReachable: role === 'manager' }
        const id = String(i)
        return { id, name: id, isOurs, isUp, isManager: vote !== null, vote }
      })
      const steps = settled(members, coming)
      const before = quorumOf(members)
      // Whatever happened on the way, there are as many to lose as before, at least; odd, where anything was done.
      const votes = Number(steps.at(-1))
      const after = Math.ceil(votes / 2) - 1
      const isUntouched = steps.length === 1
      expect(isUntouched || (votes % 2 === 1 && after >= before.canLose)).toBe(true)
    }),
    { numRuns: 300 },
  )
})
