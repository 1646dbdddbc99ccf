/** A pool: its machines and how full they are, plan beside reality, what is wrong, and whether it is open. */
import type { PoolNode, PoolReport, SessionWithoutPlace } from '../data/pools/pool-report.ts'
import { troubleSentences } from '../cloud-trouble-text.ts'
import { VERSION } from '../config.ts'
import type { ToldTrouble } from '../data/pools/cloud-trouble.ts'
import type { StackTrouble } from '../data/pools/pool.ts'
import type { CourseVolumes } from '../data/pools/pool-volumes.ts'
import type { JoinLine } from '../join-line.ts'
import { moment, say, shortMoment, stamp } from '../locale.ts'
import { paths } from '../paths.ts'
import type { Visit } from '../visit.ts'
import { adminFrame } from './admin.ts'
import { csrfField } from './frame.ts'
import { type Html, html } from './html.ts'
import { joinSection } from './pool-join.ts'
import { regionsSection } from './pool-regions.ts'
import { timelineSection } from './pool-timeline.ts'
import { volumesSection } from './pool-volumes.ts'
import { share } from './share-bar.ts'
import { type Column, type Look, tableOf, tag } from './table.ts'
import { troubleNote } from './trouble.ts'

/** @param line by which a machine joins, just made: shown once */
export function poolPage(
  visit: Visit,
  { volumes, ...report }: PoolReport & { volumes: CourseVolumes[] },
  timeZone: string,
  line?: JoinLine,
): Html {
  const t = (code: string) => say(visit.locale, code)
  const name = report.title?.[visit.locale] ?? report.pool.key
  return adminFrame(
    visit,
    'admin.pools',
    html`<p class="back"><a href="${paths.adminPools()}">${t('pool.back')}</a></p>
      <section class="sheet" aria-labelledby="nodes-title">
        <h2 id="nodes-title">${name} <code class="faint">${report.pool.key}</code></h2>
        ${troubles(visit, report, timeZone)}
        ${tableOf(t('pool.nodes'), nodeColumns(visit, timeZone, report.nodes), report.nodes, t('pool.nodes.none'))}
      </section>
      ${regionsSection(visit, report.regions, timeZone)}
      ${report.withoutPlace.length > 0 && withoutPlace(visit, report, timeZone)}
      ${report.isCloud && timelineSection(visit, report, timeZone)}
      ${volumesSection(visit, volumes)} ${joinSection(visit, report, line && { ...line, timeZone })}
      ${acts(visit, report)}`,
    name,
  )
}

function troubles(visit: Visit, report: PoolReport, timeZone: string): Html | undefined {
  const { locale } = visit
  const { pool } = report
  const said = report.troubles
    .filter(({ cause }) => !cause)
    .map(({ key, message }) => say(locale, 'pool.trouble', { stack: key, message }))
  const refusals = report.troubles.flatMap((one) =>
    one.cause ? [troubleNote(refusalOf(visit, one, one.cause, timeZone))] : [],
  )
  if (report.isCloud && !pool.credential_at)
    said.unshift(say(locale, 'pool.no-credential', { pool: pool.key }))
  if (pool.closed && pool.closed_at) {
    const when = stamp(locale, timeZone, pool.closed_at)
    said.unshift(say(locale, `pool.is-${pool.closed}`, { when }))
  }
  const { storage } = report
  if (storage?.away) {
    const when = stamp(locale, timeZone, storage.away.since)
    const { reason } = storage.away
    said.unshift(say(locale, 'pool.storage-away', { backend: storage.backend, when, reason }))
  }
  if (storage?.lacksSlots) {
    const when = stamp(locale, timeZone, storage.lacksSlots.since)
    const server = storage.server ?? say(locale, 'pool.slot-lack.here')
    said.unshift(say(locale, 'pool.slot-lack', { server, when, version: VERSION }))
  }
  const { quorum } = report
  if (quorum && quorum.votes > 1 && quorum.canLose <= 0)
    said.unshift(
      say(locale, 'managers.answering', quorum),
      say(locale, `managers.${quorum.canLose < 0 ? 'no-majority' : 'cannot-lose'}`),
    )
  if (said.length + refusals.length === 0) return undefined
  return html`${refusals}
    <ul class="notes">
      ${said.map((text) => html`<li class="note is-warning">${text}</li>`)}
    </ul>`
}

function refusalOf(
  { locale, at }: Visit,
  { key, retry_at: again }: StackTrouble,
  cause: ToldTrouble,
  timeZone: string,
): string[] {
  const [what = '', ...rest] = troubleSentences(cause, { locale, timeZone, at })
  const when = again && again > at && moment(locale, timeZone, again, at)
  return [
    say(locale, 'pool.trouble', { stack: key, message: what }),
    ...rest,
    ...(when ? [say(locale, 'cloud.tried-again', { when })] : []),
  ]
}

const SESSIONS_SHOWN = 20

/** What closing it means for classes. */
function withoutPlace(visit: Visit, report: PoolReport, timeZone: string): Html {
  const t = (code: string, params = {}) => say(visit.locale, code, params)
  const count = report.withoutPlace.length
  const columns: Column<SessionWithoutPlace>[] = [
    {
      head: t('pool.without-place.when'),
      cell: ({ startsAt }) => stamp(visit.locale, timeZone, new Date(startsAt)),
    },
    {
      head: t('admin.course'),
      cell: ({ course }) => html`<a href="${paths.course(course)}">${course}</a>`,
    },
    { head: t('pool.without-place.students'), cell: ({ students }) => students, isNumber: true },
  ]
  const shown = report.withoutPlace.slice(0, SESSIONS_SHOWN)
  return html`<section class="sheet" aria-labelledby="without-place-title">
    <h2 id="without-place-title">${t('pool.without-place')}</h2>
    <p>${t('pool.without-place.text', { count })}</p>
    ${tableOf(t('pool.without-place'), columns, shown, '')}
    ${count > SESSIONS_SHOWN && html`<p class="hint">${t('pool.without-place.more', { count: count - SESSIONS_SHOWN })}</p>`}
  </section>`
}

const LOOKS: Record<PoolNode['state'], Look> = {
  ...{ wanted: 'busy', creating: 'busy', booted: 'busy', joined: 'busy', ready: 'good' },
  ...{ draining: 'calm', drained: 'calm', gone: 'calm', up: 'good', away: 'bad', closed: 'calm' },
}

function nodeColumns(visit: Visit, timeZone: string, nodes: PoolNode[]): Column<PoolNode>[] {
  const { locale } = visit
  const t = (code: string, params = {}) => say(locale, code, params)
  const gb = (mb: number) => Math.round(mb / 102.4) / 10
  return [
    {
      head: t('pool.node'),
      cell: ({ name, region, address, trouble, tries }) =>
        html`<code>${name}</code>
          <span class="faint">${[region, address].filter(Boolean).join(' ')}</span>
          ${trouble && html`<br /><span class="hint">${t(`node.trouble.${trouble}`, { tries })}</span>`}`,
    },
    { head: t('admin.state'), cell: ({ state }) => tag(LOOKS[state], t(`node.state.${state}`)) },
    {
      head: t('pool.since'),
      cell: ({ since }) =>
        since
          ? html`<span class="unbroken">${shortMoment(locale, timeZone, since, visit.at)}</span>`
          : '–',
    },
    ...(nodes.some(({ why }) => why) ? [whyColumn(visit, timeZone)] : []),
    { head: t('pool.seats'), cell: ({ load }) => load?.seats ?? '–', isNumber: true },
    {
      head: t('pool.cores'),
      cell: ({ load }) =>
        load &&
        share(
          round(load.cores_reserved),
          load.cores,
          t('pool.share', { used: round(load.cores_reserved), all: load.cores }),
        ),
    },
    {
      head: t('pool.memory'),
      cell: ({ load }) =>
        load &&
        share(
          load.memory_reserved_mb,
          load.memory_mb,
          t('pool.share.gb', { used: gb(load.memory_reserved_mb), all: gb(load.memory_mb) }),
        ),
    },
    ...(nodes.some(hasGpus) ? [gpuColumn(t)] : []),
  ]
}

/** What it is on for, and when it goes. */
const whyColumn = ({ locale, at }: Visit, timeZone: string): Column<PoolNode> => ({
  head: say(locale, 'pool.why'),
  cell: ({ why, goesAt }) => {
    if (!why) return '–'
    const goes = goesAt && say(locale, 'node.goes', { when: moment(locale, timeZone, goesAt, at) })
    const words = [say(locale, `node.why.${why.code}`), why.course].filter(Boolean).join(' ')
    return html`${words} ${goes && html`<span class="hint">${goes}</span>`}`
  },
})

const hasGpus = ({ load }: PoolNode): boolean => (load?.gpus ?? 0) > 0

const gpuColumn = (t: (code: string, params?: object) => string): Column<PoolNode> => ({
  head: t('pool.gpus'),
  cell: ({ load }) =>
    load &&
    load.gpus > 0 &&
    share(load.gpus_held, load.gpus, t('pool.share', { used: load.gpus_held, all: load.gpus })),
})

const round = (cores: number): number => Math.round(cores * 100) / 100
function acts(visit: Visit, report: PoolReport): Html {
  const { pool } = report
  const t = (code: string) => say(visit.locale, code)
  const act = pool.closed === null ? 'close' : 'open'
  return html`<section class="sheet" aria-labelledby="acts-title">
    <h2 id="acts-title">${t('pool.acts')}</h2>
    <form method="post" action="${paths.adminPoolClosing(pool.key)}">
      ${csrfField(visit)}
      <button class="button ${act === 'open' ? 'primary' : 'plain'}" name="act" value="${act}">
        ${t(`pool.${act}`)}
      </button>
    </form>
    ${pool.closed !== 'drained' && drainQuestion(visit, report)}
  </section>`
}

/** It ends what people have open, so it is asked first, with how many that are. */
function drainQuestion(visit: Visit, { pool, nodes }: PoolReport): Html {
  const count = nodes.reduce((sum, { load }) => sum + (load?.seats ?? 0), 0)
  return html`<details>
    <summary>${say(visit.locale, 'pool.drain.ask')}</summary>
    <form class="ask" method="post" action="${paths.adminPoolClosing(pool.key)}">
      ${csrfField(visit)}
      <p>
        ${say(visit.locale, 'pool.drain.seats', { count })} ${say(visit.locale, 'pool.acts.hint')}
      </p>
      <button class="button danger" name="act" value="drain">
        ${say(visit.locale, 'pool.drain')}
      </button>
    </form>
  </details>`
}
