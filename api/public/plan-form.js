/**
 * A teacher's plan while it is made: what it means is asked for at each step, and what was done is kept in the browser
 * until it is saved. Every gesture is also a button of the form: without this the page is loaded again for each.
 */
import { CalendarGestures } from './plan-calendar.js'
import { morph } from './morph.js'

const ASK_AFTER_MS = 300
const SAY_ASKING_AFTER_MS = 500
const ANSWER_MS = 20_000

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
    this.notice = this.querySelector('.plan-lost')
    this.changed = new Set()
    this.form.addEventListener('input', ({ target }) => {
      this.changed.add(target)
      this.askSoon({})
    })
    this.form.addEventListener('submit', (event) => this.submitted(event))
    this.back = this.form.querySelector('[data-step-back]')
    this.back?.addEventListener('click', () => this.stepBack())
    this.steps = [this.fields()]
    this.gestures = new CalendarGestures(this.board, (gesture, afterMs) =>
      this.askSoon(gesture, afterMs),
    )
    this.acts = this.querySelector('.plan-acts')
    this.verdict = document.createElement('p')
    this.verdict.className = 'plan-verdict'
    // Read aloud where it is first said.
    this.verdict.setAttribute('aria-hidden', 'true')
    this.acts.append(this.verdict)
    this.giveVerdict()
    this.takeUpDraft()
  }

  /** What is wrong, or whether it fits, stays in sight beside the button that saves. */
  giveVerdict() {
    const wrong = this.board.querySelector('.errors li, .errors p:only-child')
    const said = wrong ?? this.board.querySelector('.headline')
    this.verdict.textContent = said?.textContent.replaceAll(/\s+/g, ' ').trim() ?? ''
  }

  disconnectedCallback() {
    clearTimeout(this.waiting)
    this.asking?.abort()
    this.gestures.end()
  }

  /** Buttons that only look are answered in place; saving leaves the page. */
  submitted(event) {
    const { name, value } = event.submitter ?? {}
    // Kept until a page says what became of it: it may be lost on the way.
    if (!name) return this.writeDraft(this.fields(), { isSent: true })
    event.preventDefault()
    // A field outside of what is drawn anew.
    if (name === 'start-at') this.form.elements.start.value = value
    void this.ask({ [name]: value })
  }

  /** What is typed meanwhile is asked about with the gesture that waits. */
  askSoon(gesture, afterMs = ASK_AFTER_MS) {
    clearTimeout(this.waiting)
    if (Object.keys(gesture).length > 0) this.gesture = gesture
    this.waiting = setTimeout(() => {
      const next = this.gesture ?? {}
      this.gesture = undefined
      void this.ask(next)
    }, afterMs)
  }

  /** @param isAll whether what is given is all there is: a tick that is not in it was none */
  async ask(more, isAll = false) {
    const isPressed = Object.keys(more).length > 0
    // What was pressed is in its answer and nowhere else: what is typed meanwhile is asked about after that, and so is what is pressed.
    if (this.pressed && !isPressed) return this.askSoon({})
    if (this.pressed && !isAll) return this.pressed.then(() => this.ask(more))
    clearTimeout(this.waiting)
    this.asking?.abort()
    const asking = (this.asking = new AbortController())
    let end
    const ended = new Promise((resolve) => (end = resolve))
    this.pressed = isPressed ? ended : undefined
    this.changed = new Set()
    const sent = { isPressed, changed: this.changed, values: this.values() }
    const slow = setTimeout(() => this.classList.add('is-asking'), SAY_ASKING_AFTER_MS)
    // As where nobody is there: fetch says so with a TypeError, too.
    const late = setTimeout(() => asking.abort(new TypeError('no answer')), ANSWER_MS)
    const fields = isAll ? new FormData() : new FormData(this.form)
    if (isAll) fields.set('csrf', this.form.elements.csrf?.value ?? '')
    for (const [name, value] of Object.entries(more)) fields.set(name, value)
    try {
      const reply = await fetch(this.getAttribute('src'), {
        method: 'POST',
        body: new URLSearchParams(fields),
        signal: asking.signal,
      })
      const text = await reply.text()
      if (asking.signal.aborted) return
      this.say(reply.ok ? undefined : reply.status === 401 ? 'signedOut' : 'away')
      if (reply.ok) this.show(text, sent)
      else this.keepDraft()
    } catch (error) {
      // Something newer was asked.
      if (error.name === 'AbortError') return
      if (error.name !== 'TypeError') throw error
      this.say('away')
      this.keepDraft()
    } finally {
      clearTimeout(slow)
      clearTimeout(late)
      if (this.pressed === ended) this.pressed = undefined
      end()
      if (this.asking === asking) this.classList.remove('is-asking')
    }
  }

  /** Why no answer came; nothing once one did. */
  say(why) {
    this.notice.hidden = why === undefined
    const text = why === undefined ? '' : this.notice.dataset[why]
    if (this.notice.textContent !== text) this.notice.textContent = text
    if (why !== undefined) this.verdict.textContent = ''
  }

  /** @param sent what was asked about, and the fields that were typed in since: the answer knows less of them than they do */
  show(markup, sent) {
    const hadEvent = document.activeElement?.classList.contains('event')
    morph(this.board, markup)
    for (const one of this.board.querySelectorAll('token-field')) one.drawn()
    for (const field of this.board.querySelectorAll(WRITTEN)) {
      const isHeld = field === document.activeElement && !this.isStepping
      if (isHeld || (sent.changed.has(field) && isStill(field, sent))) continue
      if (isTick(field)) field.checked = field.hasAttribute('checked')
      else field.value = field.defaultValue
    }
    this.giveVerdict()
    this.follow(this.board.querySelector('[data-follow]'))
    // Days are matched in order: the class that was moved is another element now.
    if (hadEvent) (this.board.querySelector('.event.is-chosen') ?? this.board).focus()
    this.keepDraft()
  }

  /** What was just moved or added keeps the focus; a button that can go no further leaves it to its neighbour. */
  follow(target) {
    const isOff = target?.disabled
    const next = isOff ? target.parentElement.querySelector('button:not(:disabled)') : target
    next?.focus()
  }

  values() {
    return new Map([...this.board.querySelectorAll(WRITTEN)].map((field) => [field, field.value]))
  }

  fields() {
    const fields = Object.fromEntries(new FormData(this.form))
    delete fields.csrf
    return fields
  }

  /** What was asked about is a step: the last one can be undone, where the page has a button for it. */
  keepDraft() {
    const fields = this.fields()
    this.writeDraft(fields)
    if (!this.isStepping && !isSame(fields, this.steps.at(-1))) this.steps.push(fields)
    this.isStepping = false
    if (this.back) this.back.hidden = this.steps.length < 2
  }

  writeDraft(fields, { isSent = false } = {}) {
    drafts.write(this.key, JSON.stringify({ fields, isSent }))
  }

  stepBack() {
    this.steps.pop()
    this.isStepping = true
    this.takeUp(this.steps.at(-1))
  }

  /** Of the same document only: what somebody saved meanwhile is newer than what was done before it. */
  takeUpDraft() {
    const kept = drafts.read(this.key)
    if (kept === null || this.form.querySelector('[role=alert]')) return
    const { fields = {}, isSent } = JSON.parse(kept)
    const isDone = isSent && this.hasAttribute('saved')
    if (isDone || fields.read !== this.form.elements.read.value) return drafts.write(this.key)
    this.takeUp(fields)
  }

  /** Fields outside of what is drawn anew are set here, the others by the answer. */
  takeUp(fields) {
    const outside = 'input:not([type=hidden], [type=file]), select, textarea'
    for (const field of this.form.querySelectorAll(outside)) {
      if (this.board.contains(field)) continue
      if (isTick(field)) field.checked = fields[field.name] === field.value
      else if (field.name in fields) field.value = fields[field.name]
    }
    void this.ask(fields, true)
  }
}

const WRITTEN = 'input:not([type=hidden]), textarea'

/** A press may take lines away, and the field then stands for another. */
const isStill = (field, { isPressed, values }) =>
  !isPressed || isTick(field) || field.defaultValue === values.get(field)

const isTick = (field) => field.type === 'radio' || field.type === 'checkbox'

const isSame = (a, b) => {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => a[name] === b[name])
}
