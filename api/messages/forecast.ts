import type { Message } from '../locale.ts'

/** The forecast of a term. */
export const forecast = {
  'forecast.none': {
    en: 'Nothing is planned: a course with sessions to come shows here what it will take. Import one, or plan it from the LMS.',
    fr: 'Rien n’est planifié : un cours dont des séances sont à venir montre ici ce qu’il prendra. Importez-en un, ou planifiez-le depuis le LMS.',
  },
  'forecast.csv': { en: 'All days as CSV', fr: 'Tous les jours en CSV' },
  'forecast.idle': { en: 'Nothing is planned in:', fr: 'Rien n’est planifié dans :' },
  'forecast.headline': {
    en: {
      one: 'At most {places} place at once, on {day}; {nodeHours} node-hours bought, {price} {currency}.',
      other:
        'At most {places} places at once, on {day}; {nodeHours} node-hours bought, {price} {currency}.',
    },
    fr: {
      one: 'Au plus {places} place à la fois, le {day} ; {nodeHours} heures de nœud achetées, {price} {currency}.',
      other:
        'Au plus {places} places à la fois, le {day} ; {nodeHours} heures de nœud achetées, {price} {currency}.',
    },
  },
  'forecast.headline.own': {
    en: {
      one: 'At most {places} place at once, on {day}; nothing is bought.',
      other: 'At most {places} places at once, on {day}; nothing is bought.',
    },
    fr: {
      one: 'Au plus {places} place à la fois, le {day} ; rien n’est acheté.',
      other: 'Au plus {places} places à la fois, le {day} ; rien n’est acheté.',
    },
  },
  'forecast.chart': {
    en: 'Cores asked and cores there, over time',
    fr: 'Cœurs demandés et cœurs présents, dans le temps',
  },
  'forecast.days': {
    en: { one: '{count} day', other: '{count} days, each at its fullest hour' },
    fr: { one: '{count} jour', other: '{count} jours, chacun à son heure la plus pleine' },
  },
  'forecast.day': { en: 'Day', fr: 'Jour' },
  'forecast.places': { en: 'Places', fr: 'Places' },
  'forecast.cores': { en: 'Cores asked', fr: 'Cœurs demandés' },
  'forecast.short': { en: 'too few', fr: 'insuffisant' },
  'forecast.capacity': { en: 'Cores there', fr: 'Cœurs présents' },
  'forecast.gpus': { en: 'GPUs', fr: 'GPU' },
  'forecast.nodes': { en: 'Bought nodes', fr: 'Nœuds achetés' },
} as const satisfies Record<string, Message>
