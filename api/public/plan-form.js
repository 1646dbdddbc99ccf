/**
 * A teacher's plan while it is typed: what it means is asked for, and what was typed is kept in the browser until it
 * is saved. Without this the page has a button for the first, and the browser's own memory for the second.
 */
import { morph } from './morph.js'

const ASK_AFTER_MS = 300

export class PlanForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector('form.plan-fields')
    this.answer = this.querySelector('.plan-answer')
    this.key = `plan:${location.pathname}`
    this.form.addEventListener('input', () => this.typed())
    this.form.addEventListener('submit', () => localStorage.removeItem(this.key))
    this.takeUpDraft()
  }

  disconnectedCallback() {
    clearTimeout(this.waiting)
    this.asking?.abort()
  }

  typed() {
    this.keepDraft()
    clearTimeout(this.waiting)
    this.waiting = setTimeout(() => void this.ask(), ASK_AFTER_MS)
  }

  async ask() {
    this.asking?.abort()
    this.asking = new AbortController()
    try {
      const reply = await fetch(this.getAttribute('src'), {
        method: 'POST',
        body: new URLSearchParams(new FormData(this.form)),
        signal: this.asking.signal,
      })
      if (reply.ok) morph(this.answer, await reply.text())
    } catch (error) {
      // Another key was pressed, or the line is cut: saving says so in its own words.
      if (error.name !== 'AbortError' && error.name !== 'TypeError') throw error
    }
  }

  keepDraft() {
    const fields = Object.fromEntries(new FormData(this.form))
    delete fields.csrf
    localStorage.setItem(this.key, JSON.stringify(fields))
  }

  /** Of the same document only: what somebody saved meanwhile is newer than what was typed before it. */
  takeUpDraft() {
    const kept = localStorage.getItem(this.key)
    if (kept === null || this.form.querySelector('[aria-invalid]')) return
    const fields = JSON.parse(kept)
    if (fields.read !== this.form.elements.read.value) return localStorage.removeItem(this.key)
    for (const element of this.form.elements) {
      if (!element.name || element.type === 'hidden' || element.type === 'submit') continue
      if (element.type === 'checkbox') element.checked = element.name in fields
      else if (element.name in fields) element.value = fields[element.name]
    }
    void this.ask()
  }
}
