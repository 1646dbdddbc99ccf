/**
 * Hands on the calendar: a class is dragged, stretched by its lower edge, or moved by the arrow keys; an empty place
 * becomes a class. What it means is the server's to say; here is only where the hand let go.
 */

const KEY_ASK_MS = 200
/** A hand that moved less wanted to click. */
const DRAG_PX = 5
const EDGE_PX = 8
const LEAST_MINUTES = 15

export class CalendarGestures {
  /** @param tell called with the fields of a gesture, and after how many milliseconds to ask */
  constructor(board, tell) {
    this.board = board
    this.tell = tell
    this.stop = new AbortController()
    const { signal } = this.stop
    const on = (name, listener) => board.addEventListener(name, listener, { signal })
    on('pointerdown', (event) => this.down(event))
    on('keydown', (event) => this.key(event))
    on('dblclick', (event) => this.addAt(event))
    // A drag ends with a click on what was dragged.
    board.addEventListener('click', (event) => this.click(event), { signal, capture: true })
  }

  end() {
    this.stop.abort()
    this.drag?.stop.abort()
  }

  click(event) {
    if (!this.wasDragged) return
    this.wasDragged = false
    event.preventDefault()
    event.stopPropagation()
  }

  down(event) {
    this.wasDragged = false
    const box = event.target.closest?.('.event')
    // Fingers scroll: they choose a class, and change its fields.
    if (!box || event.button !== 0 || event.pointerType === 'touch') return
    const { bottom } = box.getBoundingClientRect()
    const isStretch = this.week() && bottom - event.clientY < EDGE_PX
    const grid = box.closest('.week-grid')
    const { start, minutes } = box.dataset
    const stop = new AbortController()
    this.drag = { box, stop, isStretch, start, minutes: Number(minutes), x: event.clientX }
    // Where in the class it was taken, so that it does not jump.
    this.drag.y = event.clientY
    this.drag.offset = grid ? event.clientY - box.getBoundingClientRect().top : 0
    const { signal } = stop
    document.addEventListener('pointermove', (move) => this.move(move), { signal })
    document.addEventListener('pointerup', (up) => this.drop(up), { signal })
    document.addEventListener('pointercancel', () => this.cancel(), { signal })
    document.addEventListener('keydown', (key) => key.key === 'Escape' && this.cancel(), { signal })
  }

  move(event) {
    const { drag } = this
    const isFar = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > DRAG_PX
    if (!drag.isMoving && !isFar) return
    drag.isMoving = true
    drag.box.classList.add('is-dragged')
    event.preventDefault()
    const to = drag.isStretch ? this.stretchedTo(event) : this.movedTo(event)
    if (to) drag.to = to
    drag.box.style.translate = drag.isStretch
      ? ''
      : `${event.clientX - drag.x}px ${event.clientY - drag.y}px`
    if (drag.isStretch)
      drag.box.style.blockSize = `${Math.max(EDGE_PX, event.clientY - drag.box.getBoundingClientRect().top)}px`
    const time = drag.box.querySelector('.event-time')
    if (drag.to) time.textContent = spanWords(drag.to)
  }

  drop() {
    const { drag } = this
    this.cancel()
    if (!drag.isMoving || !drag.to) return
    this.wasDragged = true
    this.send(drag.box.value, drag.to, 0)
  }

  cancel() {
    const { drag } = this
    drag.stop.abort()
    drag.box.classList.remove('is-dragged')
    drag.box.style.translate = ''
    drag.box.style.blockSize = ''
  }

  send(id, { start, minutes }, afterMs) {
    this.tell({ choose: id, 'to-start': start, 'to-minutes': String(minutes) }, afterMs)
  }

  week() {
    return this.board.querySelector('.week')
  }

  movedTo(event) {
    const { drag } = this
    const day = dayUnder(event)
    if (!day) return undefined
    const time = this.week() ? this.timeAt(day, event.clientY - drag.offset) : drag.start.slice(11)
    return { start: `${day.dataset.date}T${time}`, minutes: drag.minutes }
  }

  stretchedTo(event) {
    const { drag } = this
    const day = drag.box.closest('.cal-day')
    const end = minutesOf(this.timeAt(day, event.clientY))
    const minutes = Math.max(LEAST_MINUTES, end - minutesOf(drag.start.slice(11)))
    return { start: drag.start, minutes }
  }

  /** The wall time at a height of a day of the week, in steps of the grid. */
  timeAt(day, y) {
    const { from, step } = this.week().dataset
    const { top, height } = day.querySelector('.week-grid').getBoundingClientRect()
    const rows = Number(getComputedStyle(this.week()).getPropertyValue('--rows'))
    const row = Math.round((Math.max(0, Math.min(height, y - top)) / height) * rows)
    return timeOf(Math.min(24 * 60 - Number(step), Number(from) + row * Number(step)))
  }

  addAt(event) {
    const day = dayUnder(event)
    if (!day || event.target.closest('button')) return
    const time = this.week() ? this.timeAt(day, event.clientY) : '08:00'
    this.send('new', { start: `${day.dataset.date}T${time}`, minutes: 120 }, 0)
  }

  /** Every drag by keys: a day or a step of the hour, longer, shorter, gone. */
  key(event) {
    const box = event.target.closest?.('.event')
    if (!box || event.ctrlKey || event.metaKey || event.altKey) return
    const to = this.keyedTo(event, box)
    if (!to && event.key !== 'Delete') return
    event.preventDefault()
    if (!to) return this.remove(box)
    box.dataset.start = to.start
    box.dataset.minutes = to.minutes
    box.querySelector('.event-time').textContent = spanWords(to)
    this.send(box.value, to, KEY_ASK_MS)
  }

  keyedTo({ key, shiftKey }, box) {
    const { start } = box.dataset
    const minutes = Number(box.dataset.minutes)
    const step = this.week() ? Number(this.week().dataset.step) : 7 * 24 * 60
    const down = { ArrowDown: 1, ArrowUp: -1 }[key]
    const right = { ArrowRight: 1, ArrowLeft: -1 }[key]
    if (down && shiftKey && this.week())
      return { start, minutes: Math.max(LEAST_MINUTES, minutes + down * step) }
    if (shiftKey || (!down && !right)) return undefined
    return { start: later(start, right ? right * 24 * 60 : down * step), minutes }
  }

  /** One class: for more of a series its fields ask for whom. */
  remove(box) {
    this.tell({ choose: box.value, act: 'remove' }, 0)
  }
}

const dayUnder = ({ clientX, clientY }) =>
  document.elementsFromPoint(clientX, clientY).find((one) => one.matches('.cal-day'))

const minutesOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
const timeOf = (minutes) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

const later = (wall, minutes) =>
  new Date(Date.parse(`${wall}Z`) + minutes * 60_000).toISOString().slice(0, 16)

const spanWords = ({ start, minutes }) => `${start.slice(11)}–${later(start, minutes).slice(11)}`
