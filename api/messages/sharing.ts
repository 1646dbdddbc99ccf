import type { Message } from '../locale.ts'

/** Sharing a course with colleagues, and copies of it. */
export const sharing = {
  'home.shared': { en: 'Courses you may use', fr: 'Cours que vous pouvez utiliser' },
  'home.plan': { en: 'Plan', fr: 'Planification' },
  'sharing.title': { en: 'Shared with', fr: 'Partagé avec' },
  'sharing.nobody': {
    en: 'Only those who edit an LMS course that opens it may plan it. Look for a colleague to share it with.',
    fr: 'Seules les personnes qui modifient un cours de la plateforme qui l’ouvre peuvent le planifier. Cherchez un collègue avec qui le partager.',
  },
  'sharing.unnamed': { en: 'Somebody without a name', fr: 'Quelqu’un sans nom' },
  'sharing.capability': { en: 'What {who} may do', fr: 'Ce que {who} peut faire' },
  'sharing.use': { en: 'use and duplicate it', fr: 'l’utiliser et le dupliquer' },
  'sharing.view': { en: 'see its plan too', fr: 'voir aussi sa planification' },
  'sharing.edit': { en: 'change and share it', fr: 'le modifier et le partager' },
  'sharing.change': { en: 'Change', fr: 'Modifier' },
  'sharing.share': { en: 'Share', fr: 'Partager' },
  'sharing.end': { en: 'No longer', fr: 'Ne plus partager' },
  'sharing.last': {
    en: 'Nobody could change this course any more: it stays as it is. First share it with a colleague who may change it.',
    fr: 'Plus personne ne pourrait modifier ce cours : rien ne change. Partagez-le d’abord avec un collègue qui pourra le modifier.',
  },
  'sharing.find': {
    en: 'A colleague’s name or e-mail address',
    fr: 'Nom ou adresse d’un collègue',
  },
  'sharing.look': { en: 'Look for them', fr: 'Chercher' },
  'sharing.longer': { en: 'At least three letters.', fr: 'Au moins trois lettres.' },
  'sharing.none': {
    en: 'No teacher of your LMS is called that here. They are known once they have opened Labplan from a course of theirs.',
    fr: 'Aucun enseignant de votre plateforme ne porte ce nom ici. On les connaît dès qu’ils ont ouvert Labplan depuis un de leurs cours.',
  },
  'sharing.library': { en: 'For all teachers', fr: 'Pour tous les enseignants' },
  'sharing.for-all': {
    en: 'Every teacher of your institution may open it from an activity.',
    fr: 'Tous les enseignants de votre établissement peuvent l’ouvrir depuis une activité.',
  },
  'sharing.not-for-all': {
    en: 'Only those above may open it from an activity.',
    fr: 'Seules les personnes ci-dessus peuvent l’ouvrir depuis une activité.',
  },
  'sharing.make-all': {
    en: 'Let all teachers use it',
    fr: 'Laisser tous les enseignants l’utiliser',
  },
  'sharing.make-own': { en: 'No longer for all', fr: 'Plus pour tous' },
  'sharing.copies': { en: 'As the start of another', fr: 'Comme début d’un autre' },
  'sharing.copies-why': {
    en: 'A new course with the same plan, its dates moved to a new first day, and nobody in it.',
    fr: 'Un nouveau cours avec la même planification, aux dates déplacées vers un nouveau premier jour, et sans personne.',
  },
  'sharing.from': { en: 'Day of the first class', fr: 'Jour de la première séance' },
  'sharing.copy': { en: 'Duplicate', fr: 'Dupliquer' },
  'sharing.copy-waits': {
    en: 'The copy was sent to the infra team for review: it is more than a course may have. “My activities” says how it stands.',
    fr: 'La copie a été envoyée à l’équipe infra pour accord : c’est plus que ce qu’un cours peut avoir. « Mes activités » dit où cela en est.',
  },
  'sharing.export': { en: 'Download as one file', fr: 'Télécharger en un fichier' },
} satisfies Record<string, Message>
