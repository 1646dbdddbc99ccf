// A tool inside the page: an activity that opens in a frame, a teacher's choice, a registration.
import { html } from 'hono/html'
import { courseTrail, layout } from './layout.ts'
import { wordsIn } from './words.ts'
import type { Activity, Course, Tool } from '../state.ts'
import type { Html } from './layout.ts'
import type { Reader } from '../session.ts'

export function activityPage(reader: Reader, course: Course, activity: Activity): Html {
  const words = wordsIn(reader.language)
  const title = activity.title[reader.language]
  const framed = html`<iframe
    class="tool"
    title="${title}"
    src="/launch/${activity.id}"
    allow="clipboard-read; clipboard-write; fullscreen"
  ></iframe>`
  const windowed = html`<p class="text">${activity.description[reader.language]}</p>
    <p>
      <a class="button" href="/launch/${activity.id}" target="_blank" rel="opener">${words.open}</a>
    </p>`
  const content = activity.opensIn === 'frame' ? framed : windowed
  return layout(reader, { title, trail: courseTrail(course), wide: true, content })
}

export function choosePage(
  reader: Reader,
  course: Course,
  tool: Tool,
  into: Activity | undefined,
): Html {
  const words = wordsIn(reader.language)
  const query = into ? `?into=${into.id}` : ''
  const content = html`<p class="lead">
      ${into ? `${words.chooseAgainText} ${into.title[reader.language]}.` : words.chooseText}
    </p>
    <iframe
      class="tool"
      title="${tool.name}"
      src="/launch/deep-linking/${course.id}/${tool.id}${query}"
    ></iframe>`
  return layout(reader, { title: words.choose, trail: courseTrail(course), wide: true, content })
}

/** The script opens the tool, waits for its `org.imsglobal.lti.close` and then goes back to the list. */
export function registeringPage(reader: Reader, address: string): Html {
  const words = wordsIn(reader.language)
  const content = html`<p class="lead">${words.registeringText}</p>
    <iframe
      class="tool"
      title="${words.registering}"
      data-tool="${address}"
      data-close-to="/admin/tools"
    ></iframe>
    <p class="row">
      <a href="${address}" target="_blank" rel="opener">${words.ownWindow}</a>
      <a href="/admin/tools">${words.tools}</a>
    </p>`
  const trail = html`<a href="/admin/tools">${words.tools}</a>`
  return layout(reader, { title: words.registering, trail, wide: true, content })
}
