/** Tagged templates that escape what they are given; nothing in them waits. */
import { html as honoHtml, raw as honoRaw } from 'hono/html'

export type Html = ReturnType<typeof honoRaw>

/** Values are escaped, arrays are joined, and false, null and undefined leave nothing behind. */
export const html = (strings: TemplateStringsArray, ...values: unknown[]): Html =>
  honoHtml(strings, ...values) as Html

/** A drawing of our own as it is: what drew it has escaped its texts. */
export const drawn = (svg: string): Html => honoRaw(svg)
