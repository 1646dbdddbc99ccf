/** LMS platforms: who waits for a yes, who is in, and the one-time links that let an LMS register itself. */
import type { listPlatforms } from '../data/lms/platform.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { tag } from './table.ts'
import { copyButton } from './workspace-doors.ts'
import type { Words } from './workspace-parts.ts'

type Platform = Awaited<ReturnType<typeof listPlatforms>>[number]
type Decided = { id: string; state: Platform['state'] }

const looks = { pending: 'busy', active: 'good', disabled: 'calm' } as const

/** `made` is a link created by this very request: its secret is shown once. */
export function platformsPage(
  visit: Visit,
  view: { platforms: Platform[]; timeZone: string; made?: { url: string; until: Date } },
): Html {
  const t = (code: string) => say(visit.locale, code)
  return adminFrame(
    visit,
    'admin.platforms',
    html`${linkSection(visit, view)}
    ${
      view.platforms.length === 0
        ? html`<section class="sheet"><p class="empty">${t('admin.platforms.none')}</p></section>`
        : view.platforms.map((platform) => platformSheet(visit, platform, view.timeZone))
    }`,
  )
}

function linkSection(
  visit: Visit,
  view: { timeZone: string; made?: { url: string; until: Date } },
): Html {
  const t: Words = (code, params) => say(visit.locale, code, params)
  return html`<section class="sheet" aria-labelledby="links-title">
    <h2 id="links-title">${t('admin.links')}</h2>
    <p class="hint">${t('admin.links.explain')}</p>
    ${
      view.made &&
      html`<div class="made" role="status">
        <p>
          <strong>${t('admin.links.made')}</strong>
          ${t('admin.links.until', { when: stamp(visit.locale, view.timeZone, view.made.until) })}
        </p>
        <p class="made-link">
          <code>${view.made.url}</code> ${copyButton(view.made.url, t('admin.links'), t)}
        </p>
      </div>`
    }
    <form method="post" action="${paths.registrationLinks()}">
      ${csrfField(visit)}
      <label class="field"
        ><span>${t('admin.links.name')}</span
        ><input name="name" required maxlength="80" autocomplete="off"
      /></label>
      <button class="button primary">${t('admin.links.create')}</button>
    </form>
  </section>`
}

function platformSheet(visit: Visit, platform: Platform, timeZone: string): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<section class="sheet change">
    <div class="change-head">
      <h2>${platform.name}</h2>
      ${tag(looks[platform.state], t(`admin.platform.${platform.state}`))}
    </div>
    <dl class="facts">
      <div class="fact">
        <dt>${t('admin.platform')}</dt>
        <dd><code>${platform.issuer}</code></dd>
      </div>
      <div class="fact">
        <dt>${t('admin.client')}</dt>
        <dd><code>${platform.client_id}</code></dd>
      </div>
      <div class="fact">
        <dt>${t('admin.since')}</dt>
        <dd>${stamp(visit.locale, timeZone, platform.state_at)}</dd>
      </div>
    </dl>
    ${decision(visit, platform, paths.platformActivation(platform.id))}
    ${
      platform.deployments.length > 0 &&
      html`<h3>${t('admin.deployments')}</h3>
        <ul class="plain-list">
          ${platform.deployments.map(
            (deployment) =>
              html`<li class="line">
                <code>${deployment.deployment_id}</code>
                ${tag(looks[deployment.state], t(`admin.platform.${deployment.state}`))}
                ${decision(visit, deployment, paths.deploymentActivation(deployment.id))}
              </li>`,
          )}
        </ul>`
    }
  </section>`
}

function decision(visit: Visit, decided: Decided, action: string): Html {
  const isActive = decided.state === 'active'
  return html`<form class="inline" method="post" action="${action}">
    ${csrfField(visit)}
    <button
      class="button ${isActive ? 'plain small' : 'primary small'}"
      name="state"
      value="${isActive ? 'disabled' : 'active'}"
    >
      ${say(visit.locale, isActive ? 'admin.disable' : 'admin.activate')}
    </button>
  </form>`
}
