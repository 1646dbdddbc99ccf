import type { Message } from '../locale.ts'

/** Frame, times, home and entry. */
export const common = {
  'time.today-at': { en: 'at {time}', fr: 'à {time}' },
  'time.day-at': { en: 'on {day} at {time}', fr: 'le {day} à {time}' },
  'time.in': { en: 'in {time}', fr: 'dans {time}' },
  'time.left': { en: '{time} left', fr: 'encore {time}' },
  'time.span': { en: '{day}, {from} to {to}', fr: '{day}, de {from} à {to}' },

  'frame.skip': { en: 'Skip to the content', fr: 'Aller au contenu' },
  'frame.activities': { en: 'My activities', fr: 'Mes activités' },
  'frame.admin': { en: 'Administration', fr: 'Administration' },
  'frame.language': { en: 'Language', fr: 'Langue' },
  'frame.leave': { en: 'Sign out', fr: 'Se déconnecter' },
  'frame.copy': { en: 'Copy', fr: 'Copier' },
  'frame.copied': { en: 'Copied', fr: 'Copié' },
  'frame.cancel': { en: 'Cancel', fr: 'Annuler' },

  'list.filter': { en: 'Show', fr: 'Afficher' },
  'list.all': { en: 'All', fr: 'Tout' },
  'list.contains': { en: 'About', fr: 'À propos de' },
  'list.search': { en: 'Search', fr: 'Chercher' },
  'list.sort-up': { en: 'Smallest first', fr: 'Croissant' },
  'list.sort-down': { en: 'Largest first', fr: 'Décroissant' },
  'list.csv': { en: 'All of this as CSV', fr: 'Tout ceci en CSV' },
  'list.none-so': {
    en: 'Nothing here is like that. Show everything, or search for less.',
    fr: 'Rien ne correspond ici. Affichez tout, ou cherchez moins précisément.',
  },

  'live.lost': {
    en: 'The connection to Labplan was lost. This page goes on trying; your environment is not affected.',
    fr: 'La connexion à Labplan est interrompue. Cette page réessaie ; votre environnement n’est pas touché.',
  },
  'live.back': { en: 'The connection is back.', fr: 'La connexion est rétablie.' },

  'home.title': { en: 'My activities', fr: 'Mes activités' },
  'home.next': { en: 'Next sessions', fr: 'Prochaines séances' },
  'home.asked': { en: 'Courses you asked for', fr: 'Cours que vous avez demandés' },
  'home.asked.proposed.tag': { en: 'waits for agreement', fr: 'attend un accord' },
  'home.asked.rejected.tag': { en: 'not agreed to', fr: 'pas accepté' },
  'home.asked.proposed': {
    en: 'Sent to the infra team {when}. Nothing is made before they agree; then it is here, among your courses.',
    fr: 'Envoyé à l’équipe infra {when}. Rien n’est créé avant son accord ; il sera ensuite ici, parmi vos cours.',
  },
  'home.asked.rejected': {
    en: 'Decided {when}: it was not made. You can ask again with less: fewer students, smaller environments, other hours.',
    fr: 'Décidé {when} : il n’a pas été créé. Vous pouvez redemander avec moins : moins d’étudiants, des environnements plus petits, d’autres heures.',
  },
  'home.asked.reason': {
    en: 'Who decided wrote: “{reason}”',
    fr: 'Qui a décidé a écrit : « {reason} »',
  },
  'home.none': { en: 'No session is planned.', fr: 'Aucune séance n’est prévue.' },
  'home.courses': { en: 'My courses', fr: 'Mes cours' },
  'home.no-courses': {
    en: 'You are in no course yet. Open the activity in your LMS once: it then appears here.',
    fr: 'Vous n’êtes encore dans aucun cours. Ouvrez une fois l’activité dans votre plateforme : elle apparaîtra ici.',
  },
  'home.open': { en: 'Open my workspace', fr: 'Ouvrir mon espace' },
  'home.class': { en: 'See the class', fr: 'Voir la classe' },
  'home.now': { en: 'Now', fr: 'En cours' },
  'home.cancelled': {
    en: 'Cannot be held as planned: ask your teacher.',
    fr: 'Ne peut pas se tenir comme prévu : demandez à votre enseignant.',
  },
  'home.role.student': { en: 'Student', fr: 'Étudiant' },
  'home.role.teacher': { en: 'Teacher', fr: 'Enseignant' },

  'front.title': {
    en: 'Lab environments for your courses',
    fr: 'Les environnements de TP de vos cours',
  },
  'front.come': {
    en: 'Open your activity in your LMS (Moodle, for example): the link there brings you straight to your own environment.',
    fr: 'Ouvrez votre activité dans votre plateforme de cours (Moodle, par exemple) : son lien mène droit à votre environnement.',
  },
  'front.infra': {
    en: 'You administer Labplan? Ask an operator for a one-time link, or make one on the server: {command}',
    fr: 'Vous administrez Labplan ? Demandez un lien à usage unique à un opérateur, ou créez-le sur le serveur : {command}',
  },

  'enter.title': { en: 'Administer Labplan', fr: 'Administrer Labplan' },
  'enter.explain': {
    en: 'This link makes you an administrator in this browser. It works once.',
    fr: 'Ce lien fait de vous un administrateur dans ce navigateur. Il ne sert qu’une fois.',
  },
  'enter.go': { en: 'Become administrator', fr: 'Devenir administrateur' },
} satisfies Record<string, Message>
