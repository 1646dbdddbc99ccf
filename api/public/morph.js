/**
 * Makes an element look like new HTML by changing only what differs, so that focus, an opened password and
 * a button being pressed stay what they are. Children are matched in order, by their kind; what comes new between them
 * moves nothing.
 */
export function morph(target, markup) {
  const wanted = document.createElement('template')
  wanted.innerHTML = markup
  morphChildren(target, wanted.content)
}

function morphChildren(target, wanted) {
  let old = target.firstChild
  const all = [...wanted.childNodes]
  for (const [i, fresh] of all.entries()) {
    const isNew = !old || (!isSameKind(old, fresh) && comesLater(all, i, old))
    if (isNew) {
      target.insertBefore(fresh, old)
      continue
    }
    const next = old.nextSibling
    if (isSameKind(old, fresh)) morphNode(old, fresh)
    else old.replaceWith(fresh)
    old = next
  }
  while (old) {
    const next = old.nextSibling
    old.remove()
    old = next
  }
}

const comesLater = (all, i, old) => all.some((one, j) => j > i && isSameKind(old, one))

function isSameKind(a, b) {
  // The first class says what a thing is, the others how it is: a live region must stay the same element.
  return a.nodeName === b.nodeName && a.classList?.[0] === b.classList?.[0]
}

function morphNode(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue
    return
  }
  if (old.isEqualNode(fresh)) return
  // What its reader answered is kept: it shows and hides itself. So is what became of each upload.
  if (old.localName === 'notify-me' || old.localName === 'file-upload') return
  // It says for a moment that it has copied.
  if (old.localName === 'copy-button' && isAbout(old, fresh, 'value')) return
  morphAttributes(old, fresh)
  // A custom element writes its own content; telling it what it is about is enough.
  if (old.localName === 'time-left') return
  morphChildren(old, fresh)
}

const isAbout = (old, fresh, name) => old.getAttribute(name) === fresh.getAttribute(name)

function morphAttributes(old, fresh) {
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  for (const { name } of [...old.attributes])
    // `open` is the reader's doing.
    if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name)
}
