/** By what people name a document: in files, addresses and Git. */
import { z } from 'zod'

export const key = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  .max(40)
  .meta({
    allowed: 'lower-case letters, digits and single dashes, starting with a letter, at most 40',
  })
