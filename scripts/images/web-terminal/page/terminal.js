// The page of the web terminal. The shell lives on in the seat when this page goes: a tab knows its
// shell by id, and a new tab is given the one that was left.
import { Terminal } from './xterm.mjs'
import { FitAddon } from './addon-fit.mjs'

const texts = {
  en: {
    cut: 'Connection lost. Your programs go on; connecting again…',
    ended: 'The shell has ended. Press Enter for a new one.',
    reader: 'Screen reader mode',
  },
  fr: {
    cut: 'Connexion perdue. Vos programmes continuent ; nouvelle tentative…',
    ended: 'Le shell est terminé. Appuyez sur Entrée pour en ouvrir un autre.',
    reader: 'Mode lecteur d’écran',
  },
}
const language = navigator.language.startsWith('fr') ? 'fr' : 'en'
const text = texts[language]
document.documentElement.lang = language

const SHELL = 'labplan.shell'
const READER = 'labplan.reader'
// The seat holds back a program once this page is 128 KiB behind.
const SHOWN_EVERY_BYTES = 32 * 1024
const LONGEST_PAUSE_MS = 5000

const terminal = new Terminal({
  cursorBlink: true,
  scrollback: 10_000,
  fontFamily: 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace',
  fontSize: 15,
  theme: { background: '#14171c', foreground: '#e6e9ef', cursor: '#ffd166' },
  screenReaderMode: localStorage.getItem(READER) === 'on',
})
const fit = new FitAddon()
terminal.loadAddon(fit)
terminal.open(document.getElementById('terminal'))
fit.fit()
terminal.focus()

let socket
let pauseMs = 250
let hasEnded = false
// What is shown again may hold questions of programs to the terminal: they were answered once.
let isLive = false

function connect() {
  hasEnded = false
  isLive = false
  const address = new URL('terminal', location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  address.searchParams.set('shell', sessionStorage.getItem(SHELL) ?? '')
  const mine = new WebSocket(address)
  mine.binaryType = 'arraybuffer'
  socket = mine
  let shown = 0
  let told = 0
  mine.onopen = () => {
    pauseMs = 250
    notice('')
    // The seat sends all it remembers.
    terminal.reset()
    tellSize()
  }
  mine.onmessage = ({ data }) => {
    if (typeof data === 'string') return heard(JSON.parse(data))
    terminal.write(new Uint8Array(data), () => {
      shown += data.byteLength
      if (shown - told < SHOWN_EVERY_BYTES) return
      told = shown
      tell({ shown })
    })
  }
  mine.onclose = () => {
    if (hasEnded || mine !== socket) return
    notice(text.cut)
    setTimeout(connect, pauseMs * (0.5 + Math.random()))
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
  }
}

function heard(message) {
  if (message.shell !== undefined) sessionStorage.setItem(SHELL, message.shell)
  if (message.live) terminal.write('', () => (isLive = true))
  if (message.ended === undefined) return
  hasEnded = true
  sessionStorage.removeItem(SHELL)
  notice(text.ended)
}

function tell(message) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
}

function tellSize() {
  tell({ size: [terminal.cols, terminal.rows] })
}

const encoder = new TextEncoder()

terminal.onData((typed) => {
  if (hasEnded) {
    if (typed === '\r') connect()
  } else if (isLive && socket.readyState === WebSocket.OPEN) {
    socket.send(encoder.encode(typed))
  }
})
terminal.onBinary((typed) => {
  if (!isLive || socket.readyState !== WebSocket.OPEN) return
  socket.send(Uint8Array.from(typed, (character) => character.charCodeAt(0)))
})
terminal.onResize(tellSize)
terminal.onTitleChange((title) => {
  document.title = title
})
new ResizeObserver(() => fit.fit()).observe(document.getElementById('terminal'))

// Browsers keep Ctrl+C for the program; copy as desktop terminals do.
terminal.attachCustomKeyEventHandler((event) => {
  const copies =
    event.ctrlKey && ((event.shiftKey && event.code === 'KeyC') || event.code === 'Insert')
  if (!copies || !terminal.hasSelection()) return true
  event.preventDefault()
  if (event.type === 'keydown') navigator.clipboard?.writeText(terminal.getSelection())
  return false
})

const reader = document.getElementById('reader')
function showReader() {
  reader.textContent = text.reader
  reader.ariaPressed = String(terminal.options.screenReaderMode)
}
reader.onclick = () => {
  terminal.options.screenReaderMode = !terminal.options.screenReaderMode
  localStorage.setItem(READER, terminal.options.screenReaderMode ? 'on' : 'off')
  showReader()
  terminal.focus()
}
showReader()

function notice(words) {
  const element = document.getElementById('notice')
  element.textContent = words
  element.hidden = words === ''
}

connect()
