/** The administrator's pages of people: found by name, erased when they ask for it, and all erasures. */
import type { PersonLine } from '../data/people/erasure-plan.ts'
import type { ErasureView } from '../data/people/erasure-view.ts'
import { say, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { type Asking, askingSection } from './erasure.ts'
import { type Html, html } from './html.ts'
import { type Column, tableOf, tag } from './table.ts'

type People = { find: string; found: PersonLine[]; erasures: ErasureView[]; timeZone: string }

export function peoplePage(visit: Visit, { find, found, erasures, timeZone }: People): Html {
  const t = (code: string) => say(visit.locale, code)
  return adminFrame(
    visit,
    'admin.people',
    html`<section class="sheet">
        <p id="find-hint">${t('people.find.explain')}</p>
        <form class="buttons" method="get" action="${paths.adminPeople()}" role="search">
          <label class="field"
            >${t('people.find')}
            <input name="find" value="${find}" aria-describedby="find-hint" />
          </label>
          <button class="button plain">${t('people.find.go')}</button>
        </form>
        ${find !== '' && tableOf(t('admin.people'), personColumns(visit, timeZone), found, t('people.none'))}
      </section>
      <section class="sheet" aria-labelledby="erasures-title">
        <h2 id="erasures-title">${t('people.erasures')}</h2>
        ${tableOf(t('people.erasures'), erasureColumns(visit, timeZone), erasures, t('people.erasures.none'))}
      </section>`,
  )
}

function personColumns(visit: Visit, timeZone: string): Column<PersonLine>[] {
  const t = (code: string) => say(visit.locale, code)
  return [
    {
      head: t('people.find'),
      cell: ({ name, pseudonym }) =>
        html`<a href="${paths.adminPerson(pseudonym)}">${name ?? t('people.unnamed')}</a>
          <code class="faint">${pseudonym}</code>`,
    },
    {
      head: t('people.seen'),
      cell: (row) =>
        html`<span class="unbroken">${stamp(visit.locale, timeZone, row.seen_at)}</span>`,
    },
    { head: t('people.courses'), isNumber: true, cell: (row) => row.courses },
  ]
}

function erasureColumns(visit: Visit, timeZone: string): Column<ErasureView>[] {
  const t = (code: string) => say(visit.locale, code)
  const count = (view: ErasureView, state: string) =>
    view.items.filter((item) => item.state === state).length
  return [
    {
      head: t('people.erasures.when'),
      cell: (row) =>
        html`<span class="unbroken">${stamp(visit.locale, timeZone, row.ordered_at)}</span>`,
    },
    { head: t('people.erasures.by'), cell: (row) => t(`erasure.by.${row.ordered_by}`) },
    {
      head: t('people.erasures.state'),
      cell: ({ state }) => tag(state === 'open' ? 'busy' : 'good', t(`erasure.state.${state}`)),
    },
    {
      head: t('people.erasures.items'),
      isNumber: true,
      cell: (row) =>
        ['gone', 'kept', 'wanted'].map((state) => String(count(row, state))).join(' / '),
    },
  ]
}

export function personPage(
  visit: Visit,
  { person, plan, timeZone }: Omit<Asking, 'administrator'> & { person: PersonLine },
): Html {
  const form = { action: paths.adminPersonErasure(person.pseudonym), isOwn: false }
  const asking = { plan, timeZone, administrator: person.administrator }
  return adminFrame(
    visit,
    'admin.people',
    html`<article class="sheet">
      <h2>${person.name ?? say(visit.locale, 'people.unnamed')}</h2>
      <p><code class="faint">${person.pseudonym}</code></p>
      ${askingSection(visit, asking, form)}
    </article>`,
    person.name ?? say(visit.locale, 'people.unnamed'),
  )
}
