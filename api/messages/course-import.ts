import type { Message } from '../locale.ts'

/** A course from the one file that another was downloaded as. */
export const courseImport = {
  'import.open': { en: 'A course from a file', fr: 'Un cours à partir d’un fichier' },
  'import.title': { en: 'A course from a file', fr: 'Un cours à partir d’un fichier' },
  'import.why': {
    en: 'Take the file that a course was downloaded as, here or elsewhere. You see what it makes before anything is made; nobody is in it.',
    fr: 'Prenez le fichier sous lequel un cours a été téléchargé, ici ou ailleurs. Vous voyez ce qu’il donne avant que rien ne soit créé ; personne n’y est inscrit.',
  },
  'import.file': { en: 'File (.yaml)', fr: 'Fichier (.yaml)' },
  'import.text': { en: 'Or its text', fr: 'Ou son texte' },
  'import.look': { en: 'What would it make?', fr: 'Que donnerait-il ?' },
  'import.makes': { en: 'What it makes', fr: 'Ce qu’il donne' },
  'import.classes': {
    en: { one: '{count} class, on {first}', other: '{count} classes, from {first} to {last}' },
    fr: { one: '{count} séance, le {first}', other: '{count} séances, du {first} au {last}' },
  },
  'import.no-classes': { en: 'No class yet', fr: 'Aucune séance' },
  'import.students': { en: '{count} students', fr: '{count} étudiants' },
  'import.seat': {
    en: '{cpu} cores and {memory} MB of memory for each',
    fr: '{cpu} cœurs et {memory} Mo de mémoire pour chacun',
  },
  'import.other-environment': {
    en: 'What its students work in ({key}) is not here: choose another.',
    fr: 'Ce dans quoi on y travaille ({key}) n’est pas ici : choisissez autre chose.',
  },
  'import.other-pool': {
    en: 'Where it ran ({key}) is not here: choose another place.',
    fr: 'L’endroit où il tournait ({key}) n’est pas ici : choisissez-en un autre.',
  },
  'import.waits': {
    en: 'Sent to the infra team for review: it is more than a course may have. Nothing is made before they agree. “My activities” says how it stands, and has the course once they have agreed.',
    fr: 'Envoyé à l’équipe infra pour accord : c’est plus que ce qu’un cours peut avoir. Rien n’est créé avant. « Mes activités » dit où cela en est, et le cours y sera une fois l’accord donné.',
  },
  'import.again': { en: 'Look again', fr: 'Regarder de nouveau' },
  'import.make': { en: 'Make this course', fr: 'Créer ce cours' },
  'import.wrong': { en: 'This file makes no course:', fr: 'Ce fichier ne donne aucun cours :' },
  'import.line': {
    en: 'line {line}: {message}; allowed: {allowed}',
    fr: 'ligne {line} : {message} ; admis : {allowed}',
  },
  'import.one': {
    en: 'It has to hold one course and nothing else.',
    fr: 'Il doit contenir un cours et rien d’autre.',
  },
} satisfies Record<string, Message>
