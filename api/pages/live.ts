/**
 * Pages that change by themselves: the server renders a fragment again when the record says something moved,
 * and sends it when it is not what the browser already shows. public/app.js puts it in place.
 */
import { say } from '../locale.ts'
import type { Events, Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

/** A fragment that is replaced by what `source` (an event stream) sends. */
export function live(visit: Visit, source: string, fragment: Html): Html {
  return html`<live-view src="${source}">
    <div
      class="live-lost"
      role="status"
      hidden
      data-lost="${say(visit.locale, 'live.lost')}"
      data-back="${say(visit.locale, 'live.back')}"
    ></div>
    <div class="live-content">${fragment}</div>
  </live-view>`
}

/** At most one rendering per this time and page, however many notices arrive. */
const PAUSE_MS = 150

/**
 * Looks now, and again after each notice on `channel` that concerns the caller (all do when the connection to the
 * database came back), one look at a time, until `signal` aborts. A look that fails is made good by the next.
 */
export function watch(
  { listening, log }: Pick<Visit, 'listening' | 'log'>,
  on: { channel: string; concerns: (payload: string) => boolean; look: () => Promise<void> },
  signal: AbortSignal,
): void {
  let isBusy = false
  let isStale = true
  const refresh = async (): Promise<void> => {
    if (isBusy || signal.aborted) return
    isBusy = true
    while (isStale && !signal.aborted) {
      isStale = false
      await on.look().catch((error: unknown) =>
        // The next notice, or the reader's return, tries again.
        log.warn({ err: error }, 'a live page could not be rendered'),
      )
      if (isStale) await new Promise((resume) => setTimeout(resume, PAUSE_MS))
    }
    isBusy = false
  }
  const stop = listening.on(on.channel, (payload) => {
    if (payload !== undefined && !on.concerns(payload)) return
    isStale = true
    void refresh()
  })
  signal.addEventListener('abort', stop)
  void refresh()
}

/** The stream behind `live`: sends the fragment when it is not what was sent last. `render` answers undefined when there is none. */
export function liveEvents(
  visit: Visit,
  channel: string,
  concerns: (payload: string) => boolean,
  render: (at: Date) => Promise<Html | undefined>,
): Events {
  return {
    start(send, signal) {
      let shown: string | undefined
      const look = async () => {
        const next = (await render(visit.now()))?.toString()
        if (next !== undefined && next !== shown) send('view', (shown = next))
      }
      watch(visit, { channel, concerns, look }, signal)
    },
  }
}
