/** Where files are chosen or dropped to be uploaded (files.js). */
import { say } from '../locale.ts'
import type { Visit } from '../visit.ts'
import { type Html, html } from './html.ts'

export function uploadBox(
  visit: Visit,
  { endpoint, folder, hint }: { endpoint: string; folder: string; hint: string },
): Html {
  const t = (code: string, params?: Record<string, string>) => say(visit.locale, code, params)
  const said = (code: string) => t(`files.upload.${code}`, { name: '{name}', percent: '{percent}' })
  return html`<section class="upload" aria-labelledby="upload-title">
    <h2 id="upload-title">${t('files.upload')}</h2>
    <p class="hint" id="upload-hint">${t(hint)}</p>
    <noscript><p class="empty">${t('files.upload.script')}</p></noscript>
    <file-upload
      endpoint="${endpoint}"
      folder="${folder}"
      csrf="${visit.visitor?.csrf ?? ''}"
      going="${said('going')}"
      done="${said('done')}"
      full="${said('full')}"
      refused="${said('refused')}"
      failed="${said('failed')}"
      cancel="${t('files.upload.cancel')}"
      hidden
    >
      <label class="button primary"
        >${t('files.upload.choose')}<input
          class="unseen"
          type="file"
          multiple
          aria-describedby="upload-hint"
      /></label>
      <ul class="arriving"></ul>
    </file-upload>
  </section>`
}
