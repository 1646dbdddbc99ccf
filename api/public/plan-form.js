/**
 * A teacher's plan while it is made: what it means is asked for at each step, and what was done is kept in the browser
 * until it is saved. Every gesture is also a button of the form: without this the page is loaded again for each.
 */
import { CalendarGestures } from './plan-calendar.js'
import { morph } from './morph.js'

const ASK_AFTER_MS = 300

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
    if (!name) return localStorage.removeItem(this.key)
    event.preventDefault()
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
    localStorage.setItem(this.key, JSON.stringify(fields))
  }

  /** Of the same document only: what somebody saved meanwhile is newer than what was done before it. */
  takeUpDraft() {
    const kept = localStorage.getItem(this.key)
    if (kept === null || this.form.querySelector('[role=alert]')) return
    const fields = JSON.parse(kept)
    if (fields.read !== this.form.elements.read.value) return localStorage.removeItem(this.key)
    for (const name of ['students', 'atOnce', 'state'])
      if (name in fields) this.form.elements[name].value = fields[name]
    void this.ask(fields)
  }
}
