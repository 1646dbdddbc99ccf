/** By what people name a document in files, addresses and Git; and what machines are called. */
import { z } from 'zod'

export const key = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  .max(40)
  .meta({
    allowed: 'lower-case letters, digits and single dashes, starting with a letter, at most 40',
  })

const LABEL = '[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?'

/** A machine as the Swarm names it (`docker node ls`), which takes what its system calls itself, capitals and domain too. */
export const machineName = z
  .string()
  .regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`))
  .max(80)
  .meta({ allowed: 'the name of a machine: letters, digits, dashes and dots, at most 80' })
