/** How much of what a student hands in a course keeps: what its document says, else the policy, else as shipped. */
import type { Course } from '../terms.ts'
import type { Policy } from '../terms-policy.ts'

export type SubmissionLimits = { most: number; totalMb: number }

const SHIPPED: SubmissionLimits = { most: 30, totalMb: 2048 }

export const submissionLimits = (
  own: Partial<NonNullable<Course['submissions']>>,
  policy: Pick<Policy, 'submissions'>,
): SubmissionLimits => ({
  most: own.most ?? policy.submissions?.most ?? SHIPPED.most,
  totalMb: own.totalMb ?? policy.submissions?.totalMb ?? SHIPPED.totalMb,
})
