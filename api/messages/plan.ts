import type { Message } from '../locale.ts'

/** A teacher's plan of a course. */
export const plan = {
  'plan.title': { en: 'Plan', fr: 'Planification' },
  'plan.how': {
    en: 'To plan: whoever may edit the LMS course opens the activity’s settings there once (Select content), and finds the plan here.',
    fr: 'Pour planifier : qui peut modifier le cours du LMS y ouvre une fois les paramètres de l’activité (Sélectionner du contenu), et trouve le plan ici.',
  },
  'plan.course': { en: 'Course', fr: 'Cours' },
  'plan.students': { en: 'Students', fr: 'Étudiants' },
  'plan.follow': { en: 'Follow the LMS’s list', fr: 'Suivre la liste de la plateforme' },
  'plan.follow.yes': {
    en: 'Yes, once it is read',
    fr: 'Oui, dès sa lecture',
  },
  'plan.follow.no': { en: 'No, the number counts', fr: 'Non, le nombre compte' },
  'plan.at-once': { en: 'At once (empty: all)', fr: 'À la fois (vide : tous)' },
  'plan.state': { en: 'State', fr: 'État' },
  'plan.state.draft': { en: 'Draft: nothing is prepared', fr: 'Brouillon : rien n’est préparé' },
  'plan.state.test': { en: 'Test', fr: 'Essai' },
  'plan.state.ready': { en: 'Ready', fr: 'Prêt' },
  'plan.state.archived': {
    en: 'Archived: no more classes',
    fr: 'Archivé : plus de séances',
  },
  'plan.no-class': {
    en: 'No class yet. Add the first one.',
    fr: 'Aucune séance. Ajoutez la première.',
  },
  'plan.add': { en: 'Add a class', fr: 'Ajouter une séance' },
  'plan.start': { en: 'Start ({zone})', fr: 'Début ({zone})' },
  'plan.minutes': { en: 'Minutes', fr: 'Minutes' },
  'plan.weeks': { en: 'Weeks in a row', fr: 'Semaines de suite' },
  'plan.rule': {
    en: 'Repeats by a rule of its own: {rule}',
    fr: 'Se répète selon sa propre règle : {rule}',
  },
  'plan.remove': { en: 'Remove', fr: 'Supprimer' },
  'plan.close': { en: 'Done', fr: 'Terminé' },
  'plan.new': { en: 'New class', fr: 'Nouvelle séance' },
  'plan.undo-edit': { en: 'Undo the last step', fr: 'Annuler la dernière étape' },
  'plan.choose': {
    en: 'Choose a class in the calendar to change it, or add one.',
    fr: 'Choisissez une séance dans le calendrier pour la modifier, ou ajoutez-en une.',
  },
  'plan.scope': { en: 'This change is for', fr: 'Ce changement vaut pour' },
  'plan.scope.one': { en: 'this class', fr: 'cette séance' },
  'plan.scope.following': { en: 'this one and those after it', fr: 'celle-ci et les suivantes' },
  'plan.scope.all': { en: 'all classes of the series', fr: 'toutes les séances de la série' },
  'plan.weekly': {
    en: { one: 'Every week, once', other: 'Every week, {count} times' },
    fr: { one: 'Chaque semaine, une fois', other: 'Chaque semaine, {count} fois' },
  },
  'plan.class-students': {
    en: 'Students of this class',
    fr: 'Étudiants de cette séance',
  },
  'plan.group': { en: 'Group', fr: 'Groupe' },
  'plan.everybody': { en: 'everybody', fr: 'tout le monde' },
  'plan.event-students': {
    en: { one: '{count} student', other: '{count} students' },
    fr: { one: '{count} étudiant', other: '{count} étudiants' },
  },
  'plan.exam': { en: 'Exam', fr: 'Examen' },
  'plan.event-unfit': { en: 'Does not fit', fr: 'Ne tient pas' },
  'plan.none-here': {
    en: 'No class in these days.',
    fr: 'Aucune séance pendant ces jours.',
  },
  'plan.keys': {
    en: 'Arrow keys move the class by a quarter of an hour or a day, with Shift the up and down keys make it shorter or longer, Delete removes it, Enter shows its fields.',
    fr: 'Les flèches déplacent la séance d’un quart d’heure ou d’un jour ; avec Majuscule, haut et bas la raccourcissent ou l’allongent ; Suppr la supprime, Entrée montre ses champs.',
  },
  'plan.drag': {
    en: 'Drag a class to move it, its lower edge to make it longer, or an empty place to add one. With the keyboard: arrow keys, Shift and arrow keys, Delete.',
    fr: 'Glissez une séance pour la déplacer, son bord inférieur pour l’allonger, ou une place vide pour en ajouter une. Au clavier : flèches, Majuscule et flèches, Suppr.',
  },
  'plan.today': { en: 'Today', fr: 'Aujourd’hui' },
  'plan.before.week': { en: 'Week before', fr: 'Semaine précédente' },
  'plan.after.week': { en: 'Next week', fr: 'Semaine suivante' },
  'plan.before.month': { en: 'Month before', fr: 'Mois précédent' },
  'plan.after.month': { en: 'Next month', fr: 'Mois suivant' },
  'plan.as.week': { en: 'Week', fr: 'Semaine' },
  'plan.as.month': { en: 'Month', fr: 'Mois' },
  'plan.seat-hours': {
    en: 'Hours of work for students in class: {hours}.',
    fr: 'Heures de travail des étudiants en séance : {hours}.',
  },
  'plan.look-only': {
    en: 'You may try things here; only those who may change this course can save.',
    fr: 'Vous pouvez faire des essais ici ; seules les personnes qui peuvent modifier ce cours enregistrent.',
  },
  'plan.save': { en: 'Save', fr: 'Enregistrer' },
  'plan.check': { en: 'Does it fit?', fr: 'Est-ce que cela tient ?' },
  'plan.answer': { en: 'What this means', fr: 'Ce que cela implique' },
  'plan.same': { en: 'Nothing is changed yet.', fr: 'Rien n’est encore changé.' },
  'plan.fits': { en: 'It fits.', fr: 'Cela tient.' },
  'plan.fits-not': { en: 'It does not fit as it is.', fr: 'En l’état, cela ne tient pas.' },
  'plan.slots': {
    en: 'Move {class} where it fits:',
    fr: 'Déplacer {class} là où elle tient :',
  },
  'plan.lane.automatic': {
    en: 'Saved at once: it is within what this course may have.',
    fr: 'Enregistré aussitôt : c’est dans ce que ce cours peut avoir.',
  },
  'plan.lane.review': {
    en: 'It needs a review by the infra team: it is more than this course may have. Until then everything stays as it is.',
    fr: 'L’équipe infra devra donner son accord : c’est plus que ce que ce cours peut avoir. D’ici là, rien ne change.',
  },
  'plan.lane.deny': {
    en: 'The rules of your institution do not allow this.',
    fr: 'Les règles de votre établissement ne le permettent pas.',
  },
  'plan.price': {
    en: 'Machines bought for it: {hours} hours, {price} in all.',
    fr: 'Machines louées pour lui : {hours} heures, {price} en tout.',
  },
  'plan.saved': { en: 'Saved.', fr: 'Enregistré.' },
  'plan.waits': {
    en: 'Sent to the infra team for review.',
    fr: 'Envoyé à l’équipe infra pour accord.',
  },
  'plan.not-agreed': {
    en: 'This change was not agreed to, or is no longer asked: everything stays as it is. Why stands on the page of the class for a day.',
    fr: 'Cette modification n’a pas été acceptée, ou n’est plus demandée : rien ne change. La raison est sur la page de la séance pendant un jour.',
  },
  'plan.undo': { en: 'Undo', fr: 'Annuler' },
  'plan.stale': {
    en: 'Somebody else saved this course meanwhile. What you wrote is still here; what they changed and you did not is taken over. Look through it, and save again.',
    fr: 'Quelqu’un d’autre a enregistré ce cours entre-temps. Ce que vous avez écrit est toujours là ; ce qu’ils ont changé et vous non est repris. Relisez, puis enregistrez de nouveau.',
  },
  'plan.lost-steps': {
    en: {
      one: '{count} of your steps is for a class that is no longer there: it is left out. Look through the calendar before you save.',
      other:
        '{count} of your steps are for classes that are no longer there: they are left out. Look through the calendar before you save.',
    },
    fr: {
      one: '{count} de vos étapes concerne une séance qui n’existe plus : elle est laissée de côté. Parcourez le calendrier avant d’enregistrer.',
      other:
        '{count} de vos étapes concernent des séances qui n’existent plus : elles sont laissées de côté. Parcourez le calendrier avant d’enregistrer.',
    },
  },
  'plan.undo-later': {
    en: 'It was changed again since: undoing this would take that away, too. Nothing was done. Look at the plan as it is now, and change it there.',
    fr: 'Il a été modifié de nouveau depuis : annuler ceci enlèverait aussi cela. Rien n’a été fait. Regardez la planification telle qu’elle est, et modifiez-la là.',
  },
  'plan.refused': {
    en: 'This cannot be a plan: look through the times and numbers.',
    fr: 'Ceci ne peut pas être un plan : relisez les heures et les nombres.',
  },
  'plan.no-answer': {
    en: 'Labplan does not answer: what this means may not be up to date. What you did is kept in this browser; it is asked again at your next step.',
    fr: 'Labplan ne répond pas : ce que cela implique n’est peut-être pas à jour. Ce que vous avez fait est gardé dans ce navigateur ; la question sera posée de nouveau à votre prochaine étape.',
  },
  'plan.signed-out': {
    en: 'Your sign-in has ended. What you did is kept in this browser: open the activity in your LMS again, then come back to this page.',
    fr: 'Votre connexion a expiré. Ce que vous avez fait est gardé dans ce navigateur : ouvrez de nouveau l’activité dans votre plateforme, puis revenez à cette page.',
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
