/**
 * A teacher's plan while it is made: what it means is asked for at each step, and what was done is kept in the browser
 * until it is saved. Every gesture is also a button of the form: without this the page is loaded again for each.
 */
import { CalendarGestures } from './plan-calendar.js'
import { morph } from './morph.js'

const ASK_AFTER_MS = 300

/** In a frame of another site browsers may keep nothing: then there is no draft, and everything else works. */
const drafts = {
  read(key) {
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  },
  write(key, text) {
    try {
      if (text === undefined) localStorage.removeItem(key)
      else localStorage.setItem(key, text)
    } catch {
      // As above.
    }
  },
}

export class PlanForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector('form.plan')
    this.board = this.querySelector('.plan-board')
    this.key = `plan:${location.pathname}`
    this.form.addEventListener('input', () => this.askSoon({}))
    this.form.addEventListener('submit', (event) => this.submitted(event))
    this.gestures = new CalendarGestures(this.board, (gesture, afterMs) =>
      this.askSoon(gesture, afterMs),
    )
    this.takeUpDraft()
  }

  disconnectedCallback() {
    clearTimeout(this.waiting)
    this.asking?.abort()
    this.gestures.end()
  }

  /** Buttons that only look are answered in place; saving leaves the page. */
  submitted(event) {
    const { name, value } = event.submitter ?? {}
    if (!name) return drafts.write(this.key)
    event.preventDefault()
    // A field outside of what is drawn anew.
    if (name === 'start-at') this.form.elements.start.value = value
    void this.ask({ [name]: value })
  }

  askSoon(gesture, afterMs = ASK_AFTER_MS) {
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => void this.ask(gesture), afterMs)
  }

  async ask(more) {
    clearTimeout(this.waiting)
    this.asking?.abort()
    this.asking = new AbortController()
    const fields = new FormData(this.form)
    for (const [name, value] of Object.entries(more)) fields.set(name, value)
    try {
      const reply = await fetch(this.getAttribute('src'), {
        method: 'POST',
        body: new URLSearchParams(fields),
        signal: this.asking.signal,
      })
      if (reply.ok) this.show(await reply.text())
    } catch (error) {
      // Something newer was asked, or the line is cut: saving says so in its own words.
      if (error.name !== 'AbortError' && error.name !== 'TypeError') throw error
    }
  }

  show(markup) {
    const hadEvent = document.activeElement?.classList.contains('event')
    morph(this.board, markup)
    for (const field of this.board.querySelectorAll('input:not([type=hidden])')) {
      if (field === document.activeElement) continue
      if (field.type === 'radio') field.checked = field.hasAttribute('checked')
      else field.value = field.getAttribute('value')
    }
    // Days are matched in order: the class that was moved is another element now.
    if (hadEvent) (this.board.querySelector('.event.is-chosen') ?? this.board).focus()
    this.keepDraft()
  }

  keepDraft() {
    const fields = Object.fromEntries(new FormData(this.form))
    delete fields.csrf
    drafts.write(this.key, JSON.stringify(fields))
  }

  /** Of the same document only: what somebody saved meanwhile is newer than what was done before it. */
  takeUpDraft() {
    const kept = drafts.read(this.key)
    if (kept === null || this.form.querySelector('[role=alert]')) return
    const fields = JSON.parse(kept)
    if (fields.read !== this.form.elements.read.value) return drafts.write(this.key)
    for (const field of this.form.querySelectorAll('input:not([type=hidden]), select'))
      if (field.name in fields && !this.board.contains(field)) field.value = fields[field.name]
    const { csrf: _csrf, ...others } = fields
    void this.ask(others)
  }
}
