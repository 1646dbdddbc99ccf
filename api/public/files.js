/**
 * Uploads of the files page, by the tus protocol (tus.js, from tus-js-client): each with its progress, in parts, and again where
 * it was cut when the same file is chosen anew. What is there now is shown in place: what was said of each file stays.
 */
const PART_BYTES = 8 * 1024 * 1024
const RETRY_MS = [500, 2_000, 5_000, 15_000]
/** How often a page looks again that said something is under way. */
const LOOK_AGAIN_MS = 3_000

const shownPage = () => document.querySelector('#main')

/** The page as it is by now, in place; whoever is signed out meanwhile keeps what they see. */
async function lookAgain() {
  const [{ morph }, reply] = await Promise.all([import('./morph.js'), fetch(location.href)])
  if (!reply.ok) return
  const page = new DOMParser().parseFromString(await reply.text(), 'text/html')
  const fresh = page.querySelector('#main')
  if (fresh) morph(shownPage(), fresh.innerHTML)
}

// Off the line, it is tried again at the next look.
const lookQuietly = () => lookAgain().catch(() => undefined)

setInterval(() => {
  const isUnderWay = shownPage().querySelector('[data-under-way]')
  if (isUnderWay && document.visibilityState === 'visible') void lookQuietly()
}, LOOK_AGAIN_MS)

class FileUpload extends HTMLElement {
  connectedCallback() {
    this.hidden = false
    this.list = this.querySelector('.arriving')
    this.input = this.querySelector('input')
    this.input.addEventListener('change', () => this.take(this.input.files))
    this.addEventListener('dragover', (event) => event.preventDefault())
    this.addEventListener('drop', (event) => {
      event.preventDefault()
      this.take(event.dataTransfer.files)
    })
    this.going = 0
    this.onLeave = (event) => this.going > 0 && event.preventDefault()
    addEventListener('beforeunload', this.onLeave)
  }

  disconnectedCallback() {
    removeEventListener('beforeunload', this.onLeave)
  }

  async take(files) {
    const chosen = [...files]
    this.input.value = ''
    const arrived = await Promise.all(chosen.map((file) => this.upload(file)))
    if (arrived.some(Boolean)) await lookQuietly()
  }

  /** Resolves when it is over, true when it arrived. */
  upload(file) {
    const line = this.lineOf(file.name)
    this.going += 1
    return new Promise((resolve) => {
      const end = (code, isThere = false) => {
        this.going -= 1
        line.end(this.text(code, { name: file.name }), code)
        resolve(isThere)
      }
      const upload = new tus.Upload(file, {
        endpoint: this.getAttribute('endpoint'),
        headers: { 'x-csrf': this.getAttribute('csrf') },
        metadata: { filename: file.name, folder: this.getAttribute('folder') },
        chunkSize: PART_BYTES,
        retryDelays: RETRY_MS,
        removeFingerprintOnSuccess: true,
        // The same file for another folder is another upload.
        fingerprint: async ({ name, size, lastModified }) =>
          [
            'labplan',
            this.getAttribute('endpoint'),
            this.getAttribute('folder'),
            name,
            size,
            lastModified,
          ].join(' '),
        onShouldRetry: (error) => !isFinal(error.originalResponse?.getStatus()),
        onProgress: (sent, total) =>
          line.progress(total === 0 ? 100 : Math.floor((100 * sent) / total)),
        onSuccess: () => end('done', true),
        onError: (error) => end(codeOf(error.originalResponse?.getStatus())),
      })
      line.onCancel(() => upload.abort().then(() => end('failed')))
      this.begin(upload)
    })
  }

  /** Where it was cut, when this file was on its way to this folder before. */
  async begin(upload) {
    const [previous] = await upload.findPreviousUploads()
    if (previous) upload.resumeFromPreviousUpload(previous)
    upload.start()
  }

  text(code, values) {
    return this.getAttribute(code).replaceAll(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole)
  }

  lineOf(name) {
    const item = document.createElement('li')
    // What became of it is read aloud, not each percent on the way.
    const percents = document.createElement('span')
    const said = document.createElement('span')
    said.setAttribute('role', 'status')
    const bar = document.createElement('progress')
    const cancel = document.createElement('button')
    bar.max = 100
    bar.setAttribute('aria-label', name)
    cancel.type = 'button'
    cancel.className = 'button quiet small'
    cancel.textContent = this.getAttribute('cancel')
    cancel.setAttribute('aria-label', `${cancel.textContent}: ${name}`)
    const words = document.createElement('span')
    words.append(said, percents)
    item.append(words, bar, cancel)
    this.list.append(item)
    const progress = (percent) => {
      bar.value = percent
      percents.textContent = this.text('going', { name, percent })
    }
    progress(0)
    return {
      progress,
      onCancel: (stop) => cancel.addEventListener('click', stop, { once: true }),
      end(text, code) {
        said.textContent = text
        item.className = `is-${code}`
        for (const one of [percents, bar, cancel]) one.remove()
      },
    }
  }
}

const isFinal = (status) => [400, 401, 403, 404, 410, 413, 507].includes(status)

function codeOf(status) {
  if (status === 507 || status === 413) return 'full'
  return status === 400 ? 'refused' : 'failed'
}

customElements.define('file-upload', FileUpload)
