import type { Message } from '../locale.ts'

/** Handing in: the student's side and the teacher's. */
export const submission = {
  'submission.title': { en: 'Hand in', fr: 'Rendre' },
  'submission.explain': {
    en: 'This folder is kept as it is now, for good. You may hand in again: each is kept, and your teacher sees them all.',
    fr: 'Ce dossier est conservé tel qu’il est maintenant, définitivement. Vous pouvez rendre à nouveau : chaque rendu est conservé, et votre enseignant les voit tous.',
  },
  'submission.due': { en: 'Deadline: {when}.', fr: 'Date limite : {when}.' },
  'submission.over': {
    en: 'The deadline was {when}: what you hand in now is kept, and marked late.',
    fr: 'La date limite était {when} : ce que vous rendez maintenant est conservé, et marqué en retard.',
  },
  'submission.duty': {
    en: 'What is handed in is kept until {when}, whatever else is deleted: {reason}',
    fr: 'Les rendus sont conservés jusqu’au {when}, quoi qu’il soit supprimé par ailleurs : {reason}',
  },
  'course.submissions.held': {
    en: 'erased, kept by duty',
    fr: 'effacé, gardé par obligation',
  },
  'submission.go': { en: 'Hand in this folder', fr: 'Rendre ce dossier' },
  'submission.done': {
    en: 'Handed in: number {number}, {when}. What you change from now on is not in it.',
    fr: 'Rendu : numéro {number}, {when}. Ce que vous changez à partir de maintenant n’y est pas.',
  },
  'submission.noted': {
    en: 'Noted: number {number}, {when}; this is the time that counts. It is archived as soon as your disk can be reached and what you handed in before is archived, without your doing anything. What you change until then is in it, and the time of the archive is shown beside it.',
    fr: 'Noté : numéro {number}, {when} ; c’est cette heure qui compte. Il sera archivé dès que votre disque sera joignable et vos rendus précédents archivés, sans que vous ayez à faire quoi que ce soit. Ce que vous changez d’ici là y sera, et l’heure de l’archive est indiquée à côté.',
  },
  'submission.archived': { en: 'Archived', fr: 'Archivé' },
  'submission.archived-after': {
    en: '{by} after the deadline',
    fr: '{by} après la date limite',
  },
  'submission.archived-after.explain': {
    en: 'Handed in on time, archived after the deadline: archiving took until then, or the disk could not be reached at once. What was changed meanwhile is in it; whoever teaches the course decides what counts.',
    fr: 'Rendu à temps, archivé après la date limite : l’archivage a duré jusque-là, ou le disque n’était pas joignable tout de suite. Ce qui a été changé entre-temps y est ; qui enseigne le cours décide de ce qui compte.',
  },
  'submission.mine': { en: 'What you handed in', fr: 'Vos rendus' },
  'submission.none-yet': { en: 'Nothing handed in yet.', fr: 'Rien de rendu pour l’instant.' },
  'submission.number': { en: 'No.', fr: 'N°' },
  'submission.when': { en: 'Handed in', fr: 'Rendu' },
  'submission.size': { en: 'Size', fr: 'Taille' },
  'submission.files': {
    en: { one: '{count} file', other: '{count} files' },
    fr: { one: '{count} fichier', other: '{count} fichiers' },
  },
  'submission.left-out': {
    en: {
      one: '{count} left out: see _left-out.txt in it',
      other: '{count} left out: see _left-out.txt in it',
    },
    fr: {
      one: '{count} exclu : voir _left-out.txt dedans',
      other: '{count} exclus : voir _left-out.txt dedans',
    },
  },
  'submission.late': { en: 'late by {by}', fr: 'en retard de {by}' },
  'submission.making': { en: 'being kept', fr: 'en cours' },
  'submission.failed': {
    en: 'not kept: no folder',
    fr: 'non conservé : pas de dossier',
  },
  'submission.download': { en: 'Download', fr: 'Télécharger' },
  'submission.none-taken': {
    en: 'This course takes no submissions, or your disk does not exist yet.',
    fr: 'Ce cours ne prend pas de rendus, ou votre disque n’existe pas encore.',
  },
  'submission.too-large': {
    en: 'not kept: too large',
    fr: 'non conservé : trop grand',
  },
  'submission.use': {
    en: 'This course keeps {most} of each student, {limit} together. Yours: {count}, {used}.',
    fr: 'Ce cours en conserve {most} par étudiant, {limit} en tout. Les vôtres : {count}, {used}.',
  },
  'submission.not-kept.too-large': {
    en: 'Number {number} was not kept: its archive is larger than the {left} that are left of your {limit} in this course. Hand in a smaller folder, or ask your teacher to raise the limit. What you handed in before is kept.',
    fr: 'Le numéro {number} n’a pas été conservé : son archive est plus grande que les {left} qui restent de vos {limit} dans ce cours. Rendez un dossier plus petit, ou demandez à votre enseignant de relever la limite. Vos rendus précédents sont conservés.',
  },
  'submission.not-kept.no-folder': {
    en: 'Number {number} was not kept: the folder was not there any more. Choose a folder that is there, and hand it in.',
    fr: 'Le numéro {number} n’a pas été conservé : le dossier n’était plus là. Choisissez un dossier qui existe, et rendez-le.',
  },
  'submission.refused.count': {
    en: 'This was not handed in: you have handed in {count} times, and this course keeps {most} of each student. All of yours are kept. Ask your teacher to raise the number, then hand in again: that you tried is noted for your teacher, with the time.',
    fr: 'Ceci n’a pas été rendu : vous avez rendu {count} fois, et ce cours conserve {most} rendus par étudiant. Tous les vôtres sont conservés. Demandez à votre enseignant de relever ce nombre, puis rendez à nouveau : votre essai est noté pour votre enseignant, avec l’heure.',
  },
  'submission.refused.size': {
    en: 'This was not handed in: what you handed in takes {used} of the {limit} that this course keeps of each student. All of it is kept. Ask your teacher to raise the limit, then hand in again: that you tried is noted for your teacher, with the time.',
    fr: 'Ceci n’a pas été rendu : vos rendus prennent {used} des {limit} que ce cours conserve par étudiant. Tous sont conservés. Demandez à votre enseignant de relever la limite, puis rendez à nouveau : votre essai est noté pour votre enseignant, avec l’heure.',
  },
  'submission.refused.room': {
    en: 'This was not handed in: the disk that keeps submissions has {free} left, and {least} have to stay free. What you handed in before is kept. Tell your teacher now, and hand in again later: that you tried is noted for your teacher, with the time.',
    fr: 'Ceci n’a pas été rendu : il reste {free} sur le disque qui conserve les rendus, et {least} doivent rester libres. Vos rendus précédents sont conservés. Prévenez votre enseignant maintenant, et rendez à nouveau plus tard : votre essai est noté pour votre enseignant, avec l’heure.',
  },
  'submission.tried.count': {
    en: 'not taken: as many were kept as the course keeps of each student',
    fr: 'non pris : le nombre de rendus que le cours conserve par étudiant était atteint',
  },
  'submission.tried.size': {
    en: 'not taken: what was kept had the size that the course keeps of each student',
    fr: 'non pris : la taille que le cours conserve par étudiant était atteinte',
  },
  'submission.tried.room': {
    en: 'not taken: the disk that keeps submissions had no room',
    fr: 'non pris : le disque qui conserve les rendus n’avait plus de place',
  },
  'submission.none': { en: 'Nothing was handed in yet.', fr: 'Rien n’a encore été rendu.' },
  'submission.lack.head': {
    en: 'This archive is not whole. These were handed in, and are not here, or not as they were:',
    fr: 'Cette archive n’est pas complète. Ces rendus existent, et ne sont pas ici, ou pas tels qu’ils étaient :',
  },
  'submission.lack.after': {
    en: 'What to do: download again in a few minutes. If something is still missing then, tell whoever runs Labplan: labplan submission import brings it back from a backup.',
    fr: 'Que faire : téléchargez à nouveau dans quelques minutes. S’il manque encore quelque chose, prévenez l’équipe technique : labplan submission import le ramène d’une sauvegarde.',
  },
  'submission.lack.not-there': {
    en: 'missing: it is not on the disk that keeps submissions',
    fr: 'manquant : il n’est pas sur le disque qui conserve les rendus',
  },
  'submission.lack.no-answer': {
    en: 'missing: what keeps submissions did not answer',
    fr: 'manquant : ce qui conserve les rendus n’a pas répondu',
  },
  'submission.lack.cut': {
    en: 'not whole: reading it broke off',
    fr: 'incomplet : sa lecture s’est interrompue',
  },
  'submission.lack.damaged': {
    en: 'damaged: its SHA-256 is not the one it was handed in with',
    fr: 'endommagé : son SHA-256 n’est pas celui de son dépôt',
  },
  'course.submissions.one': {
    en: 'Download what {who} handed in',
    fr: 'Télécharger les rendus de {who}',
  },
  'course.submissions': { en: 'Submissions', fr: 'Rendus' },
  'course.submissions.none': {
    en: 'Nobody has handed anything in yet.',
    fr: 'Personne n’a encore rien rendu.',
  },
  'course.submissions.count': {
    en: { one: '{count} submission', other: '{count} submissions' },
    fr: { one: '{count} rendu', other: '{count} rendus' },
  },
  'course.submissions.not-kept': {
    en: { one: '{count} not kept', other: '{count} not kept' },
    fr: { one: '{count} non conservé', other: '{count} non conservés' },
  },
  'course.submissions.last': { en: 'Last', fr: 'Dernier' },
  'course.submissions.all': {
    en: 'Download all, with a manifest',
    fr: 'Tout télécharger, avec un manifeste',
  },
  'course.submissions.due': { en: 'Deadline: {when}', fr: 'Date limite : {when}' },
} satisfies Record<string, Message>
