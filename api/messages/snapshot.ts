import type { Message } from '../locale.ts'

/** A student's files as they were before. */
export const snapshot = {
  'snapshot.title': { en: 'As it was before', fr: 'Comme c’était avant' },
  'snapshot.explain': {
    en: 'Kept by itself around classes: look, download, or bring back what was lost. They take nothing of your disk.',
    fr: 'Gardé tout seul autour des séances : regardez, téléchargez, ou récupérez ce qui est perdu. Cela ne prend rien sur votre disque.',
  },
  'snapshot.none-yet': {
    en: 'Nothing yet. The first is kept once a class is over.',
    fr: 'Rien pour l’instant. Le premier état sera gardé quand une séance sera terminée.',
  },
  'snapshot.seen': {
    en: 'This is how it was on {when}. Nothing in it can be changed.',
    fr: 'Voici comment c’était le {when}. Rien ne peut y être modifié.',
  },
  'snapshot.now': { en: 'Back to my files of now', fr: 'Revenir à mes fichiers d’aujourd’hui' },
  'snapshot.empty': { en: 'There was nothing in it then.', fr: 'Il n’y avait rien dedans alors.' },
  'snapshot.no-folder': {
    en: 'This folder was not there on {when}.',
    fr: 'Ce dossier n’existait pas le {when}.',
  },
  'snapshot.bring-back': { en: 'Bring back', fr: 'Récupérer' },
  'snapshot.bring-back.one': { en: 'Bring back {name}', fr: 'Récupérer {name}' },
  'snapshot.bring-back.all': {
    en: 'Bring back all of this folder',
    fr: 'Récupérer tout ce dossier',
  },
  'snapshot.bring-back.explain': {
    en: 'Nothing is written over: where the name is taken, what comes back has the date in its name. It counts on your disk.',
    fr: 'Rien n’est écrasé : si le nom est pris, ce qui revient porte la date dans son nom. Cela compte sur votre disque.',
  },
  'snapshot.done': { en: '“{name}” is back.', fr: '« {name} » est de retour.' },
  'snapshot.done.where': { en: 'Show its folder', fr: 'Montrer son dossier' },
  'snapshot.going': {
    en: 'Files are being brought back. They are there all at once when it is done; load this page again to see.',
    fr: 'Des fichiers sont en cours de récupération. Ils seront là d’un coup, une fois tout copié ; rechargez cette page pour voir.',
  },
  'snapshot.full': {
    en: 'What you wanted back does not fit on your disk. Nothing of it was brought back: delete something first, or bring back less.',
    fr: 'Ce que vous vouliez récupérer ne tient pas sur votre disque. Rien n’est revenu : supprimez d’abord quelque chose, ou récupérez-en moins.',
  },
  'snapshot.failed': {
    en: 'What you wanted back could not be copied. Nothing of yours was changed: try again.',
    fr: 'Ce que vous vouliez récupérer n’a pas pu être copié. Rien de vos fichiers n’a changé : réessayez.',
  },
  'snapshot.busy': {
    en: 'Something else is being brought back at the moment. Try again when it is there.',
    fr: 'Autre chose est en cours de récupération. Réessayez quand ce sera fini.',
  },
  'problem.no-snapshot': {
    en: 'How it was then is not kept any more.',
    fr: 'Cet état n’est plus gardé.',
  },
} satisfies Record<string, Message>
