// Opens the environment by itself as soon as it can be reached. Without scripts the page comes back by itself.
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

// The answer waits on the other side until there is news: asking again at once is not polling.
let answer
do {
  answer = await fetch('/.labplan/ready', { cache: 'no-store' }).catch(() => undefined)
  if (!answer) await pause(3)
} while (!answer || answer.status === 503)

// It runs, but this page is here because its program did not answer: give it a moment.
await pause(1)
location.reload()
