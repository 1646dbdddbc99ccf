import type { Message } from '../locale.ts'

/** Lists of LMS courses, on the teacher's page. */
export const roster = {
  'roster.title': { en: 'Students', fr: 'Étudiants' },
  'roster.students': {
    en: { one: '{count} student', other: '{count} students' },
    fr: { one: '{count} étudiant', other: '{count} étudiants' },
  },
  'roster.in': { en: 'in {title}', fr: 'dans {title}' },
  'roster.dormant': {
    en: {
      one: '({count} who no longer comes keeps their seat and files)',
      other: '({count} who no longer come keep their seats and files)',
    },
    fr: {
      one: '({count} qui ne vient plus garde son poste et ses fichiers)',
      other: '({count} qui ne viennent plus gardent leurs postes et leurs fichiers)',
    },
  },
  'roster.read-at': {
    en: 'The list of the LMS was last read on {at}.',
    fr: 'La liste de la plateforme a été lue pour la dernière fois le {at}.',
  },
  'roster.changed': {
    en: 'It last changed on {at}: {joined} more, {left} fewer.',
    fr: 'Elle a changé pour la dernière fois le {at} : {joined} de plus, {left} de moins.',
  },
  'roster.never-read': {
    en: 'The list of the LMS has not been read yet: these are the students who came.',
    fr: 'La liste de la plateforme n’a pas encore été lue : ce sont les étudiants qui sont venus.',
  },
  'roster.none-offered': {
    en: 'This LMS gives no list: these are the students who came.',
    fr: 'Cette plateforme ne donne pas de liste : ce sont les étudiants qui sont venus.',
  },
  'roster.read-now': { en: 'Read the list now', fr: 'Lire la liste maintenant' },
  'roster.followed': {
    en: 'Classes follow the list: their number of students grows and shrinks with it. Each student keeps the same seat.',
    fr: 'Les séances suivent la liste : leur nombre d’étudiants augmente et diminue avec elle. Chaque étudiant garde le même poste.',
  },
  'roster.not-followed': {
    en: 'The number of students of the classes is the one in the plan.',
    fr: 'Le nombre d’étudiants des séances est celui de la planification.',
  },
  'roster.failed': {
    en: 'It could not be read on {at}:',
    fr: 'Elle n’a pas pu être lue le {at} :',
  },
  'roster.tried-again': {
    en: 'What it said last holds; it is tried again by itself.',
    fr: 'Ce qu’elle disait reste valable ; un nouvel essai aura lieu de lui-même.',
  },
  'roster.refused': {
    en: 'the LMS does not let Labplan see it. Its administrator has to allow “Names and Roles” for this tool.',
    fr: 'la plateforme ne laisse pas Labplan la voir. Son administrateur doit autoriser « Names and Roles » pour cet outil.',
  },
  'roster.no-answer': {
    en: 'the LMS did not answer in time.',
    fr: 'la plateforme n’a pas répondu à temps.',
  },
  'roster.status': {
    en: 'the LMS answered with the error {status}.',
    fr: 'la plateforme a répondu par l’erreur {status}.',
  },
  'roster.bad-answer': {
    en: 'what the LMS answered is no list.',
    fr: 'ce que la plateforme a répondu n’est pas une liste.',
  },
  'roster.nobody': {
    en: 'the LMS answered a list without anybody on it. If nobody is in its course any more, archive this course, or set the number of students in the plan.',
    fr: 'la plateforme a répondu par une liste vide. Si plus personne n’est dans son cours, archivez ce cours, ou fixez le nombre d’étudiants dans la planification.',
  },
  'roster.unreachable': {
    en: 'its address is one that Labplan may not ask.',
    fr: 'son adresse est de celles que Labplan ne peut pas interroger.',
  },
} satisfies Record<string, Message>
