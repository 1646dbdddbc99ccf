/** A page as the text a person reads, one block a line, with what differs between runs blanked. */

const BLOCK =
  /<\/?(?:p|h[1-6]|li|ul|ol|dl|div|section|article|header|main|nav|form|fieldset|legend|label|table|thead|tbody|tr|details|dialog|dt)\b[^>]*>/g

export function textOf(page: string): string {
  const body = /<body>([\s\S]*)<\/body>/.exec(page)?.[1] ?? page
  const title = /<title>([^<]*)<\/title>/.exec(page)?.[1] ?? ''
  const text = body
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<(dialog|notify-me)[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<input type="radio"[^>]*?(checked)?\s*\/?>/g, (_, on) => (on ? '(•) ' : '( ) '))
    .replaceAll(/<button[^>]*>(.*?)<\/button>/g, '[ $1 ] ')
    .replaceAll(/<a [^>]*class="button[^>]*>(.*?)<\/a\s*>/g, '[ $1 ] ')
    .replaceAll(/<\/(?:td|th)>/g, ' | ')
    .replaceAll(/<\/dt>/g, ': ')
    .replaceAll(BLOCK, '\n')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&#39;', '’')
    .replaceAll('&amp;', '&')
  const lines = text.split('\n').map((line) => blanked(line.trim().replaceAll(/ {2,}/g, ' ')))
  return `${[`= ${title}`, ...lines.filter((line) => line !== '')].join('\n')}\n`
}

function blanked(line: string): string {
  return line
    .replaceAll(/\blab(?!plan)[a-z2-9]{4}\b/g, 'labXXXX')
    .replaceAll(/\b[0-9a-f]{12}\b/g, 'DIGEST')
    .replaceAll(/(password|mot de passe) [a-z2-9]{12}$/g, '$1 PASSWORD')
}
