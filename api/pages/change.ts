/** One change on one screen: what changes in words, what it takes, what the planner says; approve, reject, undo. */
import { type BlueprintDiff } from '../../stacks/rules/diff.ts'
import { diffText } from '../../stacks/rules/diff-text.ts'
import type { PlanRow, PlanSummary } from '../../stacks/rules/plan-page.ts'
import type { ChangeReview } from '../data/changes/change-review.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { planTexts, poolCharts, stackCountsSheet } from './change-plan.ts'
import { changeTag } from './changes.ts'
import { forgeLines } from './forge.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { noteList } from './notes.ts'
import { tableOf } from './table.ts'

export function changePage(visit: Visit, review: ChangeReview, timeZone: string): Html {
  const { change, difference, courses } = review
  const t = (code: string) => say(visit.locale, code)
  return adminFrame(
    visit,
    'admin.changes',
    html`<section class="sheet change" aria-labelledby="change-title">
        <div class="change-head">
          <h2 id="change-title">${change.title}</h2>
          ${changeTag(visit, change)}
        </div>
        <p class="hint">
          ${stamp(visit.locale, timeZone, change.created_at)} ·
          ${say(visit.locale, 'change.lane-is', { lane: t(`lane.${change.lane}`) })} ·
          <code>${change.blueprint_digest.slice(0, 12)}</code>
        </p>
        ${forgeLines(visit, review.onForge, change, timeZone)}
        ${change.message !== null && html`<p class="note is-warning">${change.message}</p>`}
        ${change.rules.length > 0 && whySheet(visit, review, timeZone)}
        ${change.state === 'proposed' && decisions(visit, review)}
        ${change.state === 'approved' && undo(visit, review)}
      </section>
      <section class="sheet" aria-labelledby="differs-title">
        <h2 id="differs-title">${t('change.differs')}</h2>
        <ul>
          ${wordsOf(visit, difference, review.titles, timeZone).map((line) => html`<li>${line}</li>`)}
        </ul>
      </section>
      ${poolCharts(visit, review)} ${courses.map((course) => courseSheet(visit, course))}
      ${stackCountsSheet(visit, review)} ${planTexts(visit, review, timeZone)}
      ${
        change.notes.length > 0 &&
        html`<section class="sheet" aria-labelledby="notes-title">
          <h2 id="notes-title">${t('admin.change.notes')}</h2>
          ${noteList(visit, change.notes, { timeZone, ofMany: true })}
        </section>`
      }`,
    change.title,
  )
}

/** The difference in sentences, in the reader's language. */
export function wordsOf(
  { locale }: Pick<Visit, 'locale'>,
  difference: BlueprintDiff,
  titles: ChangeReview['titles'],
  timeZone: string,
): string[] {
  return diffText(difference, locale, {
    timeZone,
    courseTitle: (key) => titles.courses.get(key),
    poolTitle: (key) => titles.pools.get(key),
  })
}

/** Which rules of the policy hold, and who has it since when. */
function whySheet({ locale }: Visit, { change, waiting }: ChangeReview, timeZone: string): Html {
  const missing = new Map(waiting?.missing.map((one) => [one.rule.key, one]))
  const need = (key: string) => {
    const { count, by } = missing.get(key) ?? { count: 0, by: [] }
    if (!waiting) return ''
    return count === 0
      ? say(locale, 'change.agreed')
      : say(locale, 'change.needs', { count, teams: by.join(', ') })
  }
  return html`<ul class="why">
      ${change.rules.map(
        (rule) =>
          html`<li>
            ${rule.title[locale]} <code class="faint">${rule.key}</code> ${need(rule.key)}
          </li>`,
      )}
    </ul>
    ${waiting?.approvals.map(
      (one) =>
        html`<p class="hint">
          ${say(locale, one.is_solo ? 'change.given-solo' : 'change.given', {
            teams: one.teams.join(', '),
            at: stamp(locale, timeZone, one.created_at),
          })}
        </p>`,
    )}
    ${waiting?.deputies.map(
      (one) =>
        html`<p class="hint">
          ${say(locale, 'change.deputy', {
            teams: one.by.join(', '),
            at: stamp(locale, timeZone, one.at),
          })}
        </p>`,
    )}`
}

function decisions(visit: Visit, { change }: ChangeReview): Html {
  const t = (code: string) => say(visit.locale, code)
  return html`<div class="acts">
      <form method="post" action="${paths.changeApproval(change.id)}">
        ${csrfField(visit)}<input type="hidden" name="digest" value="${change.blueprint_digest}" />
        <button class="button primary">${t('admin.change.approve')}</button>
      </form>
    </div>
    <details>
      <summary>${t('change.reject')}</summary>
      <form method="post" action="${paths.changeRejection(change.id)}">
        ${csrfField(visit)}
        <label for="reason">${t('change.reject.reason')}</label>
        <textarea id="reason" name="reason" rows="3" maxlength="1000" required></textarea>
        <button class="button plain">${t('change.reject')}</button>
      </form>
    </details>`
}

function undo(visit: Visit, { change }: ChangeReview): Html {
  return html`<form method="post" action="${paths.changeReversal(change.id)}">
    ${csrfField(visit)}
    <button class="button plain" aria-describedby="undo-hint">
      ${say(visit.locale, 'change.revert')}
    </button>
    <p class="hint" id="undo-hint">${say(visit.locale, 'change.revert.explain')}</p>
  </form>`
}

function courseSheet(visit: Visit, course: PlanSummary): Html {
  const t = (code: string) => say(visit.locale, code)
  const days = (row: PlanRow) =>
    row.times === 1 ? row.from : `${row.times} × ${row.from} – ${row.until}`
  const number = (head: string, cell: (row: PlanRow) => unknown) => ({
    ...{ head: t(head), cell, isNumber: true },
  })
  const columns = [
    { head: t('change.when'), cell: (row: PlanRow) => row.when },
    { head: t('change.days'), cell: days },
    number('change.at-once', (row) => row.atOnce),
    number('change.cores', (row) => row.cores),
    number('change.memory', (row) => Math.round(row.memoryMb / 102.4) / 10),
    number('change.gpus', (row) => row.gpus || '–'),
    number('change.nodes', (row) => row.nodes || t('change.no-room')),
    number('change.price', (row) => (row.price > 0 ? `${row.price} ${row.currency}` : '–')),
    number('change.left', (row) => row.coresLeft ?? '–'),
  ]
  return html`<section class="sheet">
    <h2>${course.title} <code class="faint">${course.course}</code></h2>
    ${tableOf(course.title, columns, course.rows, t('change.no-session'))}
  </section>`
}
