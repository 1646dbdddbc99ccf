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
  'timetable.none-taken': {
    en: 'Nothing changes: nothing of it can be taken over, for what is said below.',
    fr: 'Rien ne change : rien ne peut en être repris, pour les raisons ci-dessous.',
  },
  'timetable.unnamed': { en: 'Event without a name', fr: 'Évènement sans nom' },
  'timetable.class': { en: 'Event', fr: 'Évènement' },
  'timetable.change': { en: 'Change', fr: 'Changement' },
  'timetable.before': { en: 'Now', fr: 'Maintenant' },
  'timetable.after': { en: 'Then', fr: 'Ensuite' },
  'timetable.added': { en: 'New', fr: 'Nouveau' },
  'timetable.updated': { en: 'Changed', fr: 'Modifié' },
  'timetable.cancelled': { en: 'Cancelled', fr: 'Annulé' },
  'timetable.more': {
    en: 'and {count} more',
    fr: { one: 'et {count} autre', other: 'et {count} autres' },
  },
  'timetable.same-hours': { en: 'the same hours', fr: 'les mêmes heures' },
  'timetable.kept': {
    en: {
      one: '{count} class stands otherwise here than in the timetable, changed by hand or by an earlier timetable. It stays so:',
      other:
        '{count} classes stand otherwise here than in the timetable, changed by hand or by an earlier timetable. They stay so:',
    },
    fr: {
      one: '{count} séance est ici autrement que dans l’emploi du temps, modifiée à la main ou par un emploi du temps antérieur. Elle reste ainsi :',
      other:
        '{count} séances sont ici autrement que dans l’emploi du temps, modifiées à la main ou par un emploi du temps antérieur. Elles restent ainsi :',
    },
  },
  'timetable.moved': { en: '{from}: held on {to}', fr: '{from} : a lieu {to}' },
  'timetable.out': { en: '{from}: taken out', fr: '{from} : retirée' },
  'timetable.as-timetable': {
    en: 'See them as the timetable has them',
    fr: 'Les voir telles que dans l’emploi du temps',
  },
  'timetable.undone': {
    en: {
      one: '{count} class that was changed here, by hand or by an earlier timetable, becomes as this timetable has it. What was changed is lost:',
      other:
        '{count} classes that were changed here, by hand or by an earlier timetable, become as this timetable has them. What was changed is lost:',
    },
    fr: {
      one: '{count} séance modifiée ici, à la main ou par un emploi du temps antérieur, devient telle que dans cet emploi du temps. La modification est perdue :',
      other:
        '{count} séances modifiées ici, à la main ou par un emploi du temps antérieur, deviennent telles que dans cet emploi du temps. Les modifications sont perdues :',
    },
  },
  'timetable.twice': {
    en: 'A class that was planned here stands already at the same hour: {days}. Both would be held. If they are the same, take one of them out of the plan.',
    fr: 'Une séance planifiée ici est déjà à la même heure : {days}. Les deux auraient lieu. Si c’est la même, retirez-en une de la planification.',
  },
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
    en: 'This is no iCalendar file. Export your timetable as one (.ics), and choose it above.',
    fr: 'Ce n’est pas un fichier iCalendar. Exportez votre emploi du temps dans ce format (.ics), puis choisissez-le ci-dessus.',
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
  'timetable.problem.too-long': {
    en: 'It lasts longer than two weeks: it is left out. Plan its days one by one.',
    fr: 'Il dure plus de deux semaines : il est laissé de côté. Planifiez ses jours un par un.',
  },
  'timetable.problem.no-uid': {
    en: 'It has no UID, so it would not be known again: it is left out. Export your timetable anew, or plan it here.',
    fr: 'Il n’a pas d’UID et ne serait pas reconnu : il est laissé de côté. Exportez de nouveau votre emploi du temps, ou planifiez-le ici.',
  },
  'timetable.problem.not-understood': {
    en: 'It cannot be read: it is left out. Look through its times in your timetable, or plan it here.',
    fr: 'Il ne peut pas être lu : il est laissé de côté. Relisez ses heures dans votre emploi du temps, ou planifiez-le ici.',
  },
  'timetable.problem.following-not-understood': {
    en: 'It changes a class and all those after it in one: that change is left out. Make it in the plan, for “this one and those after it”.',
    fr: 'Il change d’un coup une séance et toutes les suivantes : ce changement est laissé de côté. Faites-le dans la planification, pour « celle-ci et les suivantes ».',
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
    en: 'Somebody else saved this course meanwhile, so nothing was taken over. What would change by now is below: look through it, and take it over again.',
    fr: 'Quelqu’un d’autre a enregistré ce cours entre-temps : rien n’a été repris. Ce qui changerait maintenant est ci-dessous : relisez, puis reprenez de nouveau.',
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
