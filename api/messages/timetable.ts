import type { Message } from '../locale.ts'

/** A timetable taken over into a course, and its own feed. */
export const timetable = {
  'timetable.title': { en: 'Take over a timetable', fr: 'Reprendre un emploi du temps' },
  'timetable.why': {
    en: 'Classes come from an iCalendar file of your school, and are known again when it is taken over anew. You see what changes before anything does.',
    fr: 'Les séances viennent d’un fichier iCalendar de votre établissement, et sont reconnues quand on le reprend. Vous voyez ce qui change avant que rien ne change.',
  },
  'timetable.file': { en: 'File (.ics)', fr: 'Fichier (.ics)' },
  'timetable.text': { en: 'Or its text', fr: 'Ou son texte' },
  'timetable.contains': {
    en: 'Only events that contain (empty: all of them)',
    fr: 'Seulement les évènements qui contiennent (vide : tous)',
  },
  'timetable.look': { en: 'What would change?', fr: 'Que changerait-il ?' },
  'timetable.take': { en: 'Take it over', fr: 'Reprendre' },
  'timetable.changes': { en: 'What changes', fr: 'Ce qui change' },
  'timetable.nothing': {
    en: 'Nothing changes: the plan already says this.',
    fr: 'Rien ne change : la planification le dit déjà.',
  },
  'timetable.class': { en: 'Event', fr: 'Évènement' },
  'timetable.change': { en: 'Change', fr: 'Changement' },
  'timetable.before': { en: 'Now', fr: 'Maintenant' },
  'timetable.after': { en: 'Then', fr: 'Ensuite' },
  'timetable.added': { en: 'New', fr: 'Nouveau' },
  'timetable.updated': { en: 'Changed', fr: 'Modifié' },
  'timetable.cancelled': { en: 'Cancelled', fr: 'Annulé' },
  'timetable.more': { en: 'and {count} more', fr: 'et {count} autres' },
  'timetable.over': {
    en: {
      one: '{count} event that is over is left out.',
      other: '{count} events that are over are left out.',
    },
    fr: {
      one: '{count} évènement passé est laissé de côté.',
      other: '{count} évènements passés sont laissés de côté.',
    },
  },
  'timetable.problem.not-a-calendar': {
    en: 'This is no iCalendar file.',
    fr: 'Ce n’est pas un fichier iCalendar.',
  },
  'timetable.problem.matches-no-course': {
    en: 'It is of no course.',
    fr: 'Il n’est d’aucun cours.',
  },
  'timetable.problem.matches-several-courses': {
    en: 'It is of several courses.',
    fr: 'Il est de plusieurs cours.',
  },
  'timetable.problem.whole-day': {
    en: 'It is a whole day, without hours: it is left out.',
    fr: 'C’est une journée entière, sans heures : il est laissé de côté.',
  },
  'timetable.problem.no-end': {
    en: 'It has no end, or lasts less than five minutes: it is left out.',
    fr: 'Il n’a pas de fin, ou dure moins de cinq minutes : il est laissé de côté.',
  },
  'timetable.problem.endless-series': {
    en: 'It repeats for ever: it is left out. Give it an end in your timetable.',
    fr: 'Il se répète sans fin : il est laissé de côté. Donnez-lui une fin dans votre emploi du temps.',
  },
  'timetable.problem.series-not-understood': {
    en: 'It repeats in a way that is not understood here: it is left out.',
    fr: 'Il se répète d’une manière qui n’est pas comprise ici : il est laissé de côté.',
  },
  'timetable.stale': {
    en: 'Somebody else saved this course meanwhile. Look again at what would change.',
    fr: 'Quelqu’un d’autre a enregistré ce cours entre-temps. Regardez de nouveau ce qui changerait.',
  },
  'timetable.wrong': {
    en: 'What is in this file cannot be a plan. Look through its times.',
    fr: 'Le contenu de ce fichier ne peut pas être un plan. Relisez ses heures.',
  },
  'timetable.feed': { en: 'In your own calendar', fr: 'Dans votre propre agenda' },
  'timetable.feed-why': {
    en: 'Whoever has this address sees when the course meets, as it is planned each time; no name, nothing else.',
    fr: 'Qui a cette adresse voit quand le cours a lieu, tel qu’il est prévu à chaque fois ; aucun nom, rien d’autre.',
  },
  'timetable.copy': { en: 'Copy the address', fr: 'Copier l’adresse' },
} satisfies Record<string, Message>
