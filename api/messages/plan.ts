import type { Message } from '../locale.ts'

/** A teacher's plan of a course. */
export const plan = {
  'plan.title': { en: 'Plan', fr: 'Planification' },
  'plan.edit': { en: 'Plan this course', fr: 'Planifier ce cours' },
  'plan.back': { en: 'Back to the class', fr: 'Retour à la classe' },
  'plan.course': { en: 'Course', fr: 'Cours' },
  'plan.students': { en: 'Students', fr: 'Étudiants' },
  'plan.at-once': { en: 'At once (empty: all of them)', fr: 'À la fois (vide : tous)' },
  'plan.state': { en: 'State', fr: 'État' },
  'plan.state.draft': { en: 'Draft: nothing is prepared', fr: 'Brouillon : rien n’est préparé' },
  'plan.state.test': { en: 'Test', fr: 'Essai' },
  'plan.state.ready': { en: 'Ready', fr: 'Prêt' },
  'plan.state.archived': {
    en: 'Archived: no more classes',
    fr: 'Archivé : plus de séances',
  },
  'plan.classes': { en: 'Classes', fr: 'Séances' },
  'plan.class': { en: 'Class {number}', fr: 'Séance {number}' },
  'plan.no-class': {
    en: 'No class yet. Add the first one below.',
    fr: 'Aucune séance. Ajoutez la première ci-dessous.',
  },
  'plan.add': { en: 'Add a class', fr: 'Ajouter une séance' },
  'plan.start': { en: 'First time ({zone})', fr: 'Première fois ({zone})' },
  'plan.minutes': { en: 'Minutes', fr: 'Minutes' },
  'plan.weeks': { en: 'Weeks in a row', fr: 'Semaines de suite' },
  'plan.rule': {
    en: 'Repeats by a rule of its own: {rule}',
    fr: 'Se répète selon sa propre règle : {rule}',
  },
  'plan.remove': { en: 'Remove this class', fr: 'Supprimer cette séance' },
  'plan.save': { en: 'Save', fr: 'Enregistrer' },
  'plan.check': { en: 'Does it fit?', fr: 'Est-ce que cela tient ?' },
  'plan.answer': { en: 'What this means', fr: 'Ce que cela implique' },
  'plan.same': { en: 'Nothing is changed yet.', fr: 'Rien n’est encore changé.' },
  'plan.fits': { en: 'It fits.', fr: 'Cela tient.' },
  'plan.fits-not': { en: 'It does not fit as it is.', fr: 'En l’état, cela ne tient pas.' },
  'plan.slots': { en: 'Move it where it fits:', fr: 'La déplacer là où elle tient :' },
  'plan.automatic': {
    en: 'Saved at once: it is within what this course may have.',
    fr: 'Enregistré aussitôt : c’est dans ce que ce cours peut avoir.',
  },
  'plan.review': {
    en: 'It needs a review by the infra team: it is more than this course may have. Until then everything stays as it is.',
    fr: 'L’équipe infra devra donner son accord : c’est plus que ce que ce cours peut avoir. D’ici là, rien ne change.',
  },
  'plan.price': {
    en: 'Machines bought for it: {price} in all.',
    fr: 'Machines louées pour lui : {price} en tout.',
  },
  'plan.saved': { en: 'Saved.', fr: 'Enregistré.' },
  'plan.waits': {
    en: 'Sent to the infra team for review.',
    fr: 'Envoyé à l’équipe infra pour accord.',
  },
  'plan.undo': { en: 'Undo', fr: 'Annuler' },
  'plan.stale': {
    en: 'Somebody else saved this course meanwhile. What you wrote is still here; what they changed and you did not is taken over. Look through it, and save again.',
    fr: 'Quelqu’un d’autre a enregistré ce cours entre-temps. Ce que vous avez écrit est toujours là ; ce qu’ils ont changé et vous non est repris. Relisez, puis enregistrez de nouveau.',
  },
  'plan.refused': {
    en: 'This cannot be a plan: look through the times and numbers.',
    fr: 'Ceci ne peut pas être un plan : relisez les heures et les nombres.',
  },
  'plan.error': { en: 'Please correct:', fr: 'À corriger :' },
  'plan.error.number': {
    en: 'a whole number from {least} to {most}',
    fr: 'un nombre entier de {least} à {most}',
  },
  'plan.error.state': { en: 'one of the states', fr: 'l’un des états' },
  'plan.error.start': {
    en: 'a day and a time that exist',
    fr: 'un jour et une heure qui existent',
  },
} satisfies Record<string, Message>
