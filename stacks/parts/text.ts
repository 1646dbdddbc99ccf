/** People's texts inside Terraform and Swarm, each of which would read some of them as templates. */

/**
 * A text that Terraform takes as it is: `${` and `%{` would otherwise be evaluated on the machine
 * that applies (`${file("…")}` reads its disk). Throws on cdktf's own placeholders, which nobody writes.
 */
export function literal(text: string): string {
  if (text.includes('TfToken['))
    throw new Error(
      'A text of a seat template contains "TfToken[": remove it, cdktf would replace it.',
    )
  return text.replaceAll(/([$%])\{/g, '$1$1{')
}

/** An environment value that Swarm does not expand either: `{{` starts a template of the task. */
export function literalEnv(text: string): string {
  return literal(text.replaceAll('{{', '{{"{{"}}'))
}

/** `labplan/terminal@sha256:…` is in our registry; a first part with a dot or port names another. */
export function imageReference(image: string, registry: string): string {
  const [first = ''] = image.split('/')
  const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  return literal(named ? image : `${registry}/${image}`)
}
