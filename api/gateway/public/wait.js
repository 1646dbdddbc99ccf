// Opens the environment by itself as soon as it can be reached. Without scripts the page comes back by itself.
// Only then is the page loaded again: who reads it, or is on their way to its link by keys, is not thrown back each time.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))
const { said } = document.documentElement.dataset

/** Whether this address still answers with the page that is here. */
async function isAsBefore() {
  const asking = new AbortController()
  const options = { cache: 'no-store', redirect: 'manual', headers: { accept: 'text/html' } }
  const answer = await fetch(location.href, { ...options, signal: asking.signal }).catch(() => {})
  const isSame = !answer || answer.headers.get('labplan-said') === said
  // What is at this address may never end.
  asking.abort()
  return isSame
}

do {
  // The answer waits on the other side until there is news: asking again at once is not polling.
  let answer
  do {
    answer = await fetch('/.labplan/ready', { cache: 'no-store' }).catch(() => undefined)
    if (!answer) await pause(3)
  } while (!answer || answer.status === 503)
  // It runs, but its program may not answer yet: give it a moment.
  await pause(1)
} while (await isAsBefore())
location.reload()
