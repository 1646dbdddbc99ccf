/**
 * Completion of tokens in a text: two braces offer what can be filled in; arrows choose, Enter or Tab takes, Escape leaves.
 * The list is no part of the form, which is drawn anew while it is open. Offered as ARIA's listbox beside a text field.
 */
const OPEN = /\{\{\s*([\w:-]*)$/

export class TokenField extends HTMLElement {
  connectedCallback() {
    this.addEventListener('input', () => this.offer())
    this.addEventListener('keydown', (event) => this.pressed(event))
    this.addEventListener('focusout', () => this.close())
  }

  disconnectedCallback() {
    this.close()
  }

  get field() {
    return this.querySelector('textarea, input')
  }

  /** What stands between the last two braces and the caret, if they are still open. */
  get begun() {
    const { value, selectionStart } = this.field
    return OPEN.exec(value.slice(0, selectionStart))
  }

  offer() {
    const begun = this.begun?.[1].toLowerCase()
    const all = JSON.parse(this.getAttribute('tokens'))
    const offered = begun === undefined ? [] : all.filter(({ name }) => name.startsWith(begun))
    if (offered.length === 0) return this.close()
    this.list ??= this.opened()
    this.list.replaceChildren(...offered.map((token, i) => this.option(token, i)))
    const { bottom, left, width } = this.field.getBoundingClientRect()
    this.list.style.top = `${bottom + window.scrollY + 4}px`
    this.list.style.left = `${left + window.scrollX}px`
    this.list.style.width = `${width}px`
    this.choose(0)
  }

  opened() {
    const list = document.createElement('ul')
    list.className = 'tokens'
    list.id = 'tokens'
    list.setAttribute('role', 'listbox')
    list.setAttribute('aria-label', this.getAttribute('label'))
    // Inside the page's main part, where screen readers look.
    document.getElementById('main').append(list)
    this.field.setAttribute('aria-controls', list.id)
    return list
  }

  /** The field was drawn anew, without what it says of the list. */
  drawn() {
    if (!this.list) return
    this.field.setAttribute('aria-controls', this.list.id)
    this.field.setAttribute('aria-activedescendant', `token-${this.chosen}`)
  }

  option({ name, means }, i) {
    const item = document.createElement('li')
    item.id = `token-${i}`
    item.dataset.name = name
    item.setAttribute('role', 'option')
    const code = document.createElement('code')
    code.textContent = `{{${name}}}`
    item.append(code, ` ${means}`)
    // Before the field loses the focus.
    item.addEventListener('pointerdown', (event) => {
      event.preventDefault()
      this.take(name)
    })
    return item
  }

  choose(index) {
    const options = [...this.list.children]
    this.chosen = (index + options.length) % options.length
    for (const [i, option] of options.entries())
      option.setAttribute('aria-selected', String(i === this.chosen))
    this.field.setAttribute('aria-activedescendant', `token-${this.chosen}`)
  }

  pressed(event) {
    if (!this.list || event.isComposing) return
    const { key } = event
    if (key === 'ArrowDown') this.choose(this.chosen + 1)
    else if (key === 'ArrowUp') this.choose(this.chosen - 1)
    else if (key === 'Enter' || key === 'Tab')
      this.take(this.list.children[this.chosen].dataset.name)
    else if (key === 'Escape') this.close()
    else return
    event.preventDefault()
  }

  take(name) {
    const { field, begun } = this
    this.close()
    if (!begun) return
    const { selectionStart } = field
    // What closed the braces already is not closed twice.
    const rest = /^[\w:-]*\s*\}\}/.exec(field.value.slice(selectionStart))?.[0].length ?? 0
    field.setRangeText(`{{${name}}}`, begun.index, selectionStart + rest, 'end')
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }

  close() {
    this.list?.remove()
    this.list = undefined
    this.field?.removeAttribute('aria-controls')
    this.field?.removeAttribute('aria-activedescendant')
  }
}
