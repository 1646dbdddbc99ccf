import type { Message } from '../locale.ts'

/** Joining a course by its address. */
export const join = {
  'join.ask': {
    en: 'You join this course and get a workspace of your own in it.',
    fr: 'Vous rejoignez ce cours et y avez votre propre espace de travail.',
  },
  'join.at': { en: 'It opens at', fr: 'Il s’ouvre à' },
  'join.go': { en: 'Open', fr: 'Ouvrir' },
  'join.who': { en: 'Who are you?', fr: 'Qui êtes-vous ?' },
  'join.sign-in': {
    en: 'Open any Labplan activity of your learning platform in this browser once; then this link works.',
    fr: 'Ouvrez une fois, dans ce navigateur, une activité Labplan de votre plateforme ; ce lien fonctionne ensuite.',
  },
  'join.again': { en: 'Try again', fr: 'Réessayer' },
  'join.void': {
    en: 'This link opens nothing, or no longer. Ask who gave it to you for the new one.',
    fr: 'Ce lien n’ouvre rien, ou plus rien. Demandez le nouveau à qui vous l’a donné.',
  },
  'join.closed': {
    en: 'This course is not open at the moment.',
    fr: 'Ce cours n’est pas ouvert en ce moment.',
  },
  'join.link': { en: 'Link for students', fr: 'Lien pour les étudiants' },
  'join.link-why': {
    en: 'Whoever of your institution has it may join the course, without an activity in the LMS. Those who came by it stay when it is closed.',
    fr: 'Toute personne de votre établissement qui l’a peut rejoindre le cours, sans activité sur la plateforme. Celles qui sont venues restent quand il est fermé.',
  },
  'join.none': {
    en: 'There is none: students come from the activities of the LMS. A link lets others of your institution join too.',
    fr: 'Il n’y en a pas : les étudiants viennent des activités de la plateforme. Un lien permet à d’autres de votre établissement de rejoindre le cours.',
  },
  'join.make': { en: 'Make a link', fr: 'Créer un lien' },
  'join.renew': {
    en: 'Make a new one, the former opens nothing',
    fr: 'En créer un nouveau, l’ancien n’ouvre plus rien',
  },
  'join.close': { en: 'Close it', fr: 'Le fermer' },
  'join.copy': { en: 'Copy the link', fr: 'Copier le lien' },
  'join.path': {
    en: 'Leading to a path of the environment',
    fr: 'Menant à un chemin de l’environnement',
  },
  'join.with-path': { en: 'Show that link', fr: 'Montrer ce lien' },
} satisfies Record<string, Message>
