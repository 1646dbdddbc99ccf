/** Programs of the storage agent: one that does not end keeps nobody. */
import { expect, it } from 'vitest'
import { run } from '../../../workers/storage/command.ts'

it('goes on without a program that was told to end and does not', async () => {
  // As one that waits in the kernel, it heeds no signal; its output stays open.
  const deaf = run(['sh', '-c', 'trap "" TERM; for i in 1 2 3 4 5 6 7 8; do sleep 1; done'], {
    // It has to be deaf by then.
    limitMs: 1_000,
  })
  await expect(deaf).rejects.toThrow(/^sh .*: it was told to end, and did not$/)
})

it('says the last words of a program that failed', async () => {
  const failed = run(['sh', '-c', 'echo first >&2; echo last >&2; exit 3'])
  await expect(failed).rejects.toMatchObject({ code: 3, message: expect.stringMatching(/: last$/) })
})
