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
 * The stream behind `live`: sends the fragment now, and again after each notice on `channel` that concerns it
 * (all do when the connection to the database came back). `render` answers undefined when there is no more.
 */
export function liveEvents(
  visit: Visit,
  channel: string,
  concerns: (payload: string) => boolean,
  render: (at: Date) => Promise<Html | undefined>,
): Events {
  return {
    start(send, signal) {
      let shown: string | undefined
      let isBusy = false
      let isStale = true
      const refresh = async (): Promise<void> => {
        if (isBusy || signal.aborted) return
        isBusy = true
        while (isStale && !signal.aborted) {
          isStale = false
          const next = await rendered()
          if (next !== undefined && next !== shown) send('view', (shown = next))
          if (isStale) await new Promise((resume) => setTimeout(resume, PAUSE_MS))
        }
        isBusy = false
      }
      const rendered = async (): Promise<string | undefined> => {
        try {
          return (await render(visit.now()))?.toString()
        } catch (error) {
          // The next notice, or the browser's return, tries again.
          visit.log.warn({ err: error }, 'a live page could not be rendered')
          return undefined
        }
      }
      const stop = visit.listening.on(channel, (payload) => {
        if (payload !== undefined && !concerns(payload)) return
        isStale = true
        void refresh()
      })
      signal.addEventListener('abort', stop)
      void refresh()
    },
  }
}
