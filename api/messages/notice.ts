import type { Message } from '../locale.ts'

/** What people are told, by mail, webhook and on the course's page: `X` is the subject, `X.text` what follows. */
export const notice = {
  'notice.test': { en: 'Labplan: this channel works', fr: 'Labplan : ce canal fonctionne' },
  'notice.test.text': {
    en: 'Somebody of your infrastructure team has tried whether Labplan’s notices arrive here. They do; there is nothing to do.',
    fr: 'Quelqu’un de votre équipe infrastructure a vérifié que les avis de Labplan arrivent ici. C’est le cas ; il n’y a rien à faire.',
  },

  'notice.open': { en: 'Open the course', fr: 'Ouvrir le cours' },
  'notice.open-at': { en: 'Open the course: {url}', fr: 'Ouvrir le cours : {url}' },
  'notice.why.teacher': {
    en: 'Sent by Labplan because you teach this course.',
    fr: 'Envoyé par Labplan parce que vous enseignez dans ce cours.',
  },
  'notice.why.infra': {
    en: 'Sent by Labplan to the addresses of LABPLAN_NOTICE_MAIL.',
    fr: 'Envoyé par Labplan aux adresses de LABPLAN_NOTICE_MAIL.',
  },
  'notice.title': { en: 'Notices', fr: 'Avis' },
} satisfies Record<string, Message>
