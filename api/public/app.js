/**
 * The little that pages do in the browser: follow what happens, tick, copy, ask. Every page works without it,
 * by loading again.
 */
import { morph } from './morph.js'
import { FileText } from './file-text.js'
import { PlanForm } from './plan-form.js'
import { TokenField } from './token-field.js'

/** How long a broken line is nobody's business; and how long silence means that it is broken. */
const SAY_LOST_AFTER_MS = 8_000
const SILENT_AFTER_MS = 40_000
const RETRY_MS = 2_000

class LiveView extends HTMLElement {
  connectedCallback() {
    this.content = this.querySelector('.live-content')
    this.notice = this.querySelector('.live-lost')
    this.onVisible = () => document.visibilityState === 'visible' && this.checkLine()
    document.addEventListener('visibilitychange', this.onVisible)
    this.watch = setInterval(() => this.checkLine(), 5_000)
    this.open()
  }

  disconnectedCallback() {
    clearInterval(this.watch)
    clearTimeout(this.retry)
    document.removeEventListener('visibilitychange', this.onVisible)
    this.source?.close()
  }

  open() {
    clearTimeout(this.retry)
    this.source?.close()
    this.source = new EventSource(this.getAttribute('src'))
    this.source.addEventListener('open', () => this.heard())
    this.source.addEventListener('beat', () => this.heard())
    this.source.addEventListener('view', (event) => {
      this.heard()
      this.show(event.data)
    })
    this.source.addEventListener('error', () => this.lost())
    this.heardAt = Date.now()
  }

  show(markup) {
    morph(this.content, markup)
    const title = this.content.querySelector('[data-title]')?.dataset.title
    if (title) document.title = title
  }

  heard() {
    this.heardAt = Date.now()
    this.lostAt = undefined
    if (!this.notice.hidden) {
      this.notice.textContent = this.notice.dataset.back
      setTimeout(() => this.lostAt === undefined && (this.notice.hidden = true), 4_000)
    }
  }

  lost() {
    this.lostAt ??= Date.now()
    // The browser comes back by itself from a cut, but not from a refusal (a server that is starting).
    if (this.source.readyState === EventSource.CLOSED) {
      clearTimeout(this.retry)
      this.retry = setTimeout(() => this.open(), RETRY_MS)
    }
    this.checkLine()
  }

  checkLine() {
    const now = Date.now()
    if (this.lostAt !== undefined && now - this.lostAt > SAY_LOST_AFTER_MS) {
      this.notice.hidden = false
      if (this.notice.textContent !== this.notice.dataset.lost)
        this.notice.textContent = this.notice.dataset.lost
    } else if (this.lostAt === undefined && now - this.heardAt > SILENT_AFTER_MS) {
      this.lostAt = now
      this.open()
    }
  }
}

class TimeLeft extends HTMLElement {
  static observedAttributes = ['at', 'text']

  connectedCallback() {
    this.tick()
    this.ticking = setInterval(() => this.tick(), 1_000)
  }

  disconnectedCallback() {
    clearInterval(this.ticking)
  }

  attributeChangedCallback() {
    if (this.isConnected) this.tick()
  }

  tick() {
    const ms = Date.parse(this.getAttribute('at')) - Date.now()
    const text = this.getAttribute('text').replace('{time}', words(ms, this.getAttribute('day')))
    if (this.textContent !== text) this.textContent = text
    this.classList.toggle('is-soon', ms < 10 * 60_000 && this.parentElement.className === 'left')
  }
}

/** As duration() in api/locale.ts. */
function words(ms, day) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}\u00a0s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}\u00a0min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours}\u00a0h\u00a0${String(minutes % 60).padStart(2, '0')}`
  return `${Math.floor(hours / 24)}\u00a0${day}`
}

class CopyButton extends HTMLElement {
  connectedCallback() {
    this.addEventListener('click', () => void this.copy())
  }

  async copy() {
    const value = this.getAttribute('value')
    const button = this.querySelector('button')
    const { textContent, ariaLabel } = button
    this.asEver ??= { textContent, ariaLabel }
    try {
      await navigator.clipboard.writeText(value)
    } catch {
      copyBySelection(value)
    }
    // Without a name of its own, so that who listens hears it, too.
    Object.assign(button, { textContent: this.getAttribute('done'), ariaLabel: null })
    clearTimeout(this.back)
    this.back = setTimeout(() => Object.assign(button, this.asEver), 2_000)
  }
}

// In a frame without the permission, and on plain http, the clipboard interface is not there.
function copyBySelection(value) {
  const field = document.createElement('textarea')
  field.value = value
  field.className = 'unseen'
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

const mayNotify = () => 'Notification' in window && Notification.permission === 'granted'

/** Shown by the browser once, also after the page was loaded again, and only when its reader allowed it. */
class DeskNote extends HTMLElement {
  static observedAttributes = ['key']

  attributeChangedCallback() {
    if (this.isConnected) this.tell()
  }

  connectedCallback() {
    this.tell()
  }

  tell() {
    const key = this.getAttribute('key')
    if (!mayNotify()) return
    try {
      if (localStorage.getItem('noted') === key) return
      const note = new Notification(this.title, { body: this.getAttribute('body'), tag: key })
      note.addEventListener('click', () => (window.focus(), note.close()))
      localStorage.setItem('noted', key)
    } catch {
      // Some browsers of telephones have the word and not the thing, and some keep no memory for a page in another
      // site's frame: the page itself says it too.
    }
  }
}

/** The question is asked by a click, never by itself: browsers, and people, refuse the other kind for good. */
class NotifyMe extends HTMLElement {
  connectedCallback() {
    this.hidden = !('Notification' in window) || Notification.permission !== 'default'
    this.querySelector('button').addEventListener('click', () => void this.ask())
  }

  async ask() {
    const answer = await Notification.requestPermission()
    if (answer === 'default') return
    this.querySelector('button').hidden = true
    this.querySelector('[role=status]').textContent = this.getAttribute(
      answer === 'granted' ? 'allowed' : 'refused',
    )
    if (answer === 'granted') for (const note of document.querySelectorAll('desk-note')) note.tell()
  }
}

// A link that has a dialog opens it; without JavaScript it leads to the same question on a page of its own.
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-dialog]')
  const dialog = link && document.getElementById(link.dataset.dialog)
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  dialog.showModal()
})

/** A press that is under way shows, and is not sent twice; a page that comes back (or stays) may be pressed again. */
const SAY_BUSY_AFTER_MS = 400
const SENT_FOR_MS = 15_000
const sent = new Map()

document.addEventListener('submit', (event) => {
  const { target: form, submitter: button, defaultPrevented } = event
  const opensTab = (button?.formTarget || form.target) === '_blank'
  const closes = (button?.getAttribute('formmethod') ?? form.getAttribute('method')) === 'dialog'
  if (!button || defaultPrevented || opensTab || closes) return
  if (sent.has(form)) return event.preventDefault()
  const busy = setTimeout(() => button.setAttribute('aria-busy', 'true'), SAY_BUSY_AFTER_MS)
  const over = setTimeout(() => forget(form), SENT_FOR_MS)
  sent.set(form, { button, timers: [busy, over] })
})

function forget(form) {
  const { button, timers } = sent.get(form)
  for (const timer of timers) clearTimeout(timer)
  button.removeAttribute('aria-busy')
  sent.delete(form)
}

addEventListener('pageshow', () => {
  for (const form of sent.keys()) forget(form)
})

// Of a row of tabs that is wider than its window, the one where one is.
document
  .querySelector('.tabs [aria-current]')
  ?.scrollIntoView({ block: 'nearest', inline: 'center' })

customElements.define('file-text', FileText)
customElements.define('plan-form', PlanForm)
customElements.define('token-field', TokenField)
customElements.define('time-left', TimeLeft)
customElements.define('desk-note', DeskNote)
customElements.define('notify-me', NotifyMe)
customElements.define('copy-button', CopyButton)
customElements.define('live-view', LiveView)
