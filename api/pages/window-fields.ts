/** Fields of the connection window's form: ports in their order, login and password, text with tokens, buttons. */
import { type ButtonLine, LINK, type PortLine } from '../teaching/connection-window.ts'
import { tokenNames } from '../display.ts'
import { say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import type { WindowView } from './connection-window.ts'
import { type Html, html } from './html.ts'
import { invalid } from './plan-fields.ts'
import { tickField } from './settings-fields.ts'

export function portFields(visit: Visit, view: WindowView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const lines = view.form.ports
  return html`<fieldset class="sheet" id="ports">
    <legend>${t('window.ports')}</legend>
    <input type="hidden" name="order" value="${lines.map((one) => one.name).join(',')}" />
    ${lines.length === 0 && html`<p class="empty">${t('window.no-ports')}</p>`}
    <ol class="window-lines">
      ${lines.map((line, i) => portLine(visit, view, line, { isFirst: i === 0, isLast: i === lines.length - 1 }))}
    </ol>
  </fieldset>`
}

function portLine(
  visit: Visit,
  view: WindowView,
  line: PortLine,
  { isFirst, isLast }: { isFirst: boolean; isLast: boolean },
): Html {
  const { name } = line
  const t = (code: string) => say(visit.locale, code, { port: name })
  const port = view.ports.find((one) => one.name === name)
  const title = (language: 'en' | 'fr', value: string) =>
    html`<label class="field"
      >${t(`window.title-${language}`)}
      <input
        id="title-${language}-${name}"
        name="title-${language}-${name}"
        value="${value}"
        maxlength="100"
        placeholder="${port?.title[language] ?? name}"
        ${invalid(view.errors, `title-${language}-${name}`)}
      />
    </label>`
  const move = (act: 'up' | 'down', sign: string, isOff: boolean) =>
    html`<button
      class="button small"
      name="act"
      value="${act}:${name}"
      aria-label="${t(`window.${act}`)}"
      ${isOff ? html`disabled` : ''}
      ${view.act === `${act}:${name}` ? html`data-follow` : ''}
    >
      ${sign}
    </button>`
  return html`<li class="window-line">
    <div class="window-line-head">
      ${tickField(`shown-${name}`, `${name} (${t(`window.kind.${port?.kind ?? 'tcp'}`)})`, line.isShown)}
      ${move('up', '↑', isFirst)} ${move('down', '↓', isLast)}
    </div>
    ${title('en', line.titleEn)} ${title('fr', line.titleFr)}
  </li>`
}

export function secretFields(visit: Visit, { form }: WindowView): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<fieldset class="sheet" id="secrets">
    <legend>${t('window.secrets')}</legend>
    ${tickField('login', t('window.login'), form.showsLogin)}
    <fieldset class="plan-scope">
      <legend>${t('door.password')}</legend>
      ${(['click', 'shown', 'never'] as const).map(
        (one) =>
          html`<label class="tick"
            ><input
              type="radio"
              name="password"
              value="${one}"
              ${one === form.password ? html`checked` : ''}
            />${t(`window.password.${one}`)}</label
          >`,
      )}
    </fieldset>
  </fieldset>`
}

export function textFields(visit: Visit, view: WindowView): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const field = (name: 'textEn' | 'textFr') =>
    html`<div class="field is-long">
      <label for="${name}">${t(`window.${name}`)}</label>
      ${withTokens(
        ...([visit, view] as const),
        html`<textarea
          id="${name}"
          name="${name}"
          rows="4"
          maxlength="4000"
          aria-autocomplete="list"
          aria-describedby="tokens-hint"
          ${invalid(view.errors, name)}
        >
${view.form[name]}</textarea>`,
      )}
    </div>`
  return html`<fieldset class="sheet" id="texts">
    <legend>${t('window.texts')}</legend>
    <p class="hint" id="tokens-hint">${t('window.tokens')} ${tokenList(view)}</p>
    ${field('textEn')} ${field('textFr')}
  </fieldset>`
}

const tokenList = ({ ports }: WindowView): Html =>
  html`${tokenNames(ports).map((name) => html`<code class="token">{{${name}}}</code> `)}`

/** Typing two braces offers the tokens: see public/token-field.js. Without JavaScript they are typed. */
function withTokens({ locale }: Visit, { ports }: WindowView, field: Html): Html {
  const tokens = tokenNames(ports).map((name) => {
    const [kind = name, of = ''] = name.split(':')
    return { name, means: say(locale, `window.token.${kind}`, { port: of }) }
  })
  return html`<token-field
    tokens="${JSON.stringify(tokens)}"
    label="${say(locale, 'window.offered')}"
    >${field}</token-field
  >`
}

export function buttonFields(visit: Visit, view: WindowView): Html {
  const t = (code: string) => say(visit.locale, code)
  const { buttons } = view.form
  return html`<fieldset class="sheet" id="buttons">
    <legend>${t('window.buttons')}</legend>
    <input type="hidden" name="buttons" value="${buttons.length}" />
    <p class="hint">${t('window.buttons.hint')}</p>
    <ol class="window-lines">
      ${buttons.map((button, i) => buttonLine(visit, view, button, i))}
    </ol>
    <div class="plan-tools">
      <button class="button plain" name="act" value="add">${t('window.add')}</button>
    </div>
  </fieldset>`
}

function buttonLine(visit: Visit, view: WindowView, button: ButtonLine, i: number): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const isLink = button.to === LINK
  const input = (name: string, label: string, value: string, most: number, isNew = false) =>
    html`<label class="field"
      >${label}
      <input
        id="${name}"
        name="${name}"
        value="${value}"
        maxlength="${most}"
        ${isNew ? html`data-follow` : ''}
        ${invalid(view.errors, name)}
      />
    </label>`
  const isNew = view.act === 'add' && i === view.form.buttons.length - 1
  const where = input(
    `button-where-${i}`,
    t(isLink ? 'window.link' : 'window.path'),
    button.where,
    500,
  )
  const targets = view.ports
    .filter((port) => port.kind === 'web')
    .map((port) => ({
      value: port.name,
      label: t('window.to-port', { title: port.title[visit.locale] }),
    }))
  return html`<li class="window-line">
    <div class="window-line-head">
      <strong>${t('window.button', { number: i + 1 })}</strong>
      <button
        class="button small"
        name="act"
        value="drop:${i}"
        aria-label="${t('window.drop', { number: i + 1 })}"
      >
        ${t('plan.remove')}
      </button>
    </div>
    ${input(`button-en-${i}`, t('window.button-en'), button.titleEn, 100, isNew)}
    ${input(`button-fr-${i}`, t('window.button-fr'), button.titleFr, 100)}
    <label class="field"
      >${t('window.button-to')}
      <select id="button-to-${i}" name="button-to-${i}" ${invalid(view.errors, `button-to-${i}`)}>
        ${[...targets, { value: LINK, label: t('window.to-link') }].map(
          ({ value, label }) =>
            html`<option value="${value}" ${value === button.to ? html`selected` : ''}>
              ${label}
            </option>`,
        )}
      </select>
    </label>
    ${isLink ? withTokens(visit, view, where) : where}
  </li>`
}
