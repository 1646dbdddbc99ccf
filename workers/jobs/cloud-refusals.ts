/** What follows when a cloud refuses: how long is waited, and who is told. */
import { currentBlueprint } from '../../api/data/changes/blueprint.ts'
import { tellTrouble, troubleLines } from '../../api/data/pools/cloud-trouble.ts'
import { withTransaction } from '../../api/data/db.ts'
import { sendNotice } from '../../api/data/notice.ts'
import {
  type Patience,
  poolKeyOf,
  postponeStack,
  type StackRow,
} from '../../api/data/runs/stack-wish.ts'
import { noteRefusal } from '../../api/data/pools/region-refusal.ts'
import { otherRegion } from '../../stacks/parts/names.ts'
import { type CloudTrouble, isOfRegion, needsPerson } from '../../stacks/rules/cloud-trouble.ts'
import { othersFor } from '../../stacks/rules/regions.ts'
import type { ApplyMeans } from './apply-means.ts'

/** What time alone may settle is told when it has not after so many tries. */
const TOLD_AFTER = 3

/** Who asks for patience is given it: from a minute to half an hour, and never less than it asks for. */
const RATE_LIMIT: Patience = { first: 60, most: 1800 }

/** A stack of machines whose run failed: put off, and the infra team hears why, once a day for each cause. */
export async function postponeMachines(
  means: Pick<ApplyMeans, 'pool' | 'now'>,
  stack: StackRow,
  message: string,
): Promise<void> {
  const now = means.now()
  const poolKey = await poolKeyOf(means.pool, stack.pool_id)
  const blueprint = (await currentBlueprint(means.pool))?.blueprint
  const trouble = tellTrouble(message, { blueprint, poolKey, at: now })
  const patience = trouble ? patienceFor(trouble) : undefined
  const cloud = blueprint?.pools.find(({ key }) => key === poolKey)?.cloud
  const region = otherRegion(stack.key) ?? cloud?.regions[0]?.name ?? ''
  const others = cloud && trouble && isOfRegion(trouble) ? othersFor(cloud, region) : []
  await withTransaction(means.pool, async (tx) => {
    const failures = await postponeStack(tx, { key: stack.key, message, now, patience })
    if (!trouble || (!needsPerson(trouble) && failures < TOLD_AFTER)) return
    if ((cloud?.regions.length ?? 0) > 1 && isOfRegion(trouble))
      await noteRefusal(tx, { poolId: stack.pool_id, region, code: trouble.code, message, now })
    await sendNotice(tx, {
      ...{ code: 'notice.cloud-trouble', to: 'infra', now },
      params: { pool: poolKey, stack: stack.key },
      lines: [
        ...troubleLines(trouble),
        ...(others.length > 0
          ? [{ code: 'cloud.elsewhere', params: { region, others: others.join(', ') } }]
          : []),
      ],
      dedupeKey: `cloud/${stack.key}/${trouble.code}/${now.toISOString().slice(0, 10)}`,
    })
  })
}

/** Undefined: as any other stack. */
export function patienceFor({ code, params }: CloudTrouble): Patience | undefined {
  if (code !== 'rate-limit') return undefined
  const asked = Math.min(RATE_LIMIT.most, Number(params['waitSeconds']))
  return { first: Math.max(RATE_LIMIT.first, asked), most: RATE_LIMIT.most }
}
