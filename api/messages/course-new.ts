import type { Message } from '../locale.ts'

/** A teacher makes a course while adding an activity in the LMS. */
export const courseNew = {
  'course-new.title': { en: 'New course', fr: 'Nouveau cours' },
  'course-new.back': { en: 'Choose an existing course', fr: 'Choisir un cours existant' },
  'course-new.open': { en: 'New course', fr: 'Nouveau cours' },
  'course-new.none': {
    en: 'There is no environment yet. Once one is built, a course can be made of it here.',
    fr: 'Il n’y a pas encore d’environnement. Dès qu’il y en aura un, vous pourrez en faire un cours ici.',
  },
  'course-new.name': { en: 'Name', fr: 'Nom' },
  'course-new.environment': {
    en: 'What students work in',
    fr: 'Environnement de travail',
  },
  'course-new.pool': { en: 'Where it runs', fr: 'Où il tourne' },
  'course-new.students': { en: 'Students', fr: 'Étudiants' },
  'course-new.classes': { en: 'Classes', fr: 'Séances' },
  'course-new.start': {
    en: 'First class (may be planned later)',
    fr: 'Première séance (peut être prévue plus tard)',
  },
  'course-new.minutes': { en: 'Minutes', fr: 'Minutes' },
  'course-new.weeks': { en: 'Weeks in a row', fr: 'Semaines de suite' },
  'course-new.size': {
    en: 'Size of each student’s environment',
    fr: 'Taille de l’environnement de chaque étudiant',
  },
  'course-new.cpu': { en: 'Cores', fr: 'Cœurs' },
  'course-new.memoryMb': { en: 'Memory (MB)', fr: 'Mémoire (Mo)' },
  'course-new.filesMb': { en: 'Files (MB)', fr: 'Fichiers (Mo)' },
  'course-new.fill': {
    en: 'Give it a name: what it means appears here.',
    fr: 'Donnez-lui un nom : ce que cela implique apparaît ici.',
  },
  'course-new.slots': { en: 'Begin where it fits:', fr: 'Commencer là où il y a de la place :' },
  'course-new.lane.automatic': {
    en: 'It can be made at once.',
    fr: 'Il peut être créé tout de suite.',
  },
  'course-new.lane.review': {
    en: 'The infra team has to agree: it is more than a course may have. You can choose it here once they have.',
    fr: 'L’équipe infra devra donner son accord : c’est plus que ce qu’un cours peut avoir. Vous pourrez le choisir ici ensuite.',
  },
  'course-new.lane.deny': {
    en: 'The rules of your institution do not allow this.',
    fr: 'Les règles de votre établissement ne le permettent pas.',
  },
  'course-new.waits': {
    en: 'Sent to the infra team for review. “My activities” in Labplan says how it stands. Press “Select content” in your LMS again once they have agreed.',
    fr: 'Envoyé à l’équipe infra pour accord. « Mes activités », dans Labplan, dit où cela en est. Une fois l’accord donné, appuyez de nouveau sur « Sélectionner le contenu » dans votre plateforme.',
  },
  'course-new.go': { en: 'Make this course and use it', fr: 'Créer ce cours et l’utiliser' },
  'course-new.error.title': { en: 'give it a name', fr: 'donnez-lui un nom' },
  'course-new.error.environment': { en: 'one of the list', fr: 'l’un de la liste' },
  'course-new.error.cpu': {
    en: 'a number of cores from {least} to {most}',
    fr: 'un nombre de cœurs, de {least} à {most}',
  },
} satisfies Record<string, Message>
