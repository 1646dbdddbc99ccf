import type { Message } from '../locale.ts'

/** How full a volume is, and why it is not as planned. */
export const disk = {
  'disk.title': { en: 'Your disk', fr: 'Votre disque' },
  'disk.used': { en: '{used} of {limit} used', fr: '{used} utilisés sur {limit}' },
  'disk.fine': {
    en: 'Your files stay here from one session to the next.',
    fr: 'Vos fichiers restent ici d’une séance à l’autre.',
  },
  'disk.kept-until': { en: 'Kept until {when}.', fr: 'Gardés jusqu’au {when}.' },
  'disk.ends-soon': {
    en: 'Your files are deleted on {when}: download what you want to keep.',
    fr: 'Vos fichiers seront supprimés le {when} : téléchargez ce que vous voulez garder.',
  },
  'disk.nearly': {
    en: 'Almost full: {free} left. Delete what you no longer need before it stops you.',
    fr: 'Presque plein : il reste {free}. Supprimez ce qui ne sert plus avant d’être bloqué.',
  },
  'disk.full': {
    en: 'Full: nothing more can be saved. What was saved is safe, and you can still come in and stop: delete something in your workspace.',
    fr: 'Plein : plus rien ne peut être enregistré. Ce qui l’était est à l’abri, et vous pouvez toujours entrer et arrêter : supprimez quelque chose dans votre espace.',
  },
  'disk.wanted': { en: 'It is being made.', fr: 'Il est en cours de création.' },
  'disk.missing': {
    en: 'Your files cannot be reached at the moment. Nothing was deleted; your workspace starts by itself when they are back. Tell your teacher if it lasts.',
    fr: 'Vos fichiers ne sont pas accessibles pour l’instant. Rien n’a été supprimé ; votre espace démarrera de lui-même à leur retour. Si cela dure, dites-le à votre enseignant.',
  },
  'disk.damaged': {
    en: 'Your files cannot be read at the moment, and are left as they are. Tell your teacher: the machines’ administrators have to look at them.',
    fr: 'Vos fichiers ne peuvent pas être lus pour l’instant, et restent tels quels. Dites-le à votre enseignant : les administrateurs des machines doivent intervenir.',
  },

  'course.disk': { en: 'Disk', fr: 'Disque' },
  'course.disk.of': { en: '{used} of {limit}', fr: '{used} sur {limit}' },
  'course.disk.nearly': { en: 'almost full', fr: 'presque plein' },
  'course.disk.full': { en: 'full', fr: 'plein' },
  'course.disk.wanted': { en: 'being made', fr: 'en création' },
  'course.disk.missing': { en: 'missing', fr: 'absent' },
  'course.disk.damaged': { en: 'damaged', fr: 'endommagé' },

  'volume.below-use': {
    en: '{usedMb} MB are used: it cannot be lowered to {wantedMb} MB.',
    fr: '{usedMb} Mo sont utilisés : impossible de le réduire à {wantedMb} Mo.',
  },
  'volume.in-use': {
    en: 'It grows to {wantedMb} MB when its seat has stopped.',
    fr: 'Il passera à {wantedMb} Mo quand son poste sera arrêté.',
  },
  'volume.missing': {
    en: 'Its file is not there: nothing new is made in its place.',
    fr: 'Son fichier n’est pas là : rien de neuf n’est créé à sa place.',
  },
  'volume.damaged': {
    en: 'Its file system cannot be mounted: {problem}.',
    fr: 'Son système de fichiers ne peut être monté : {problem}.',
  },
} satisfies Record<string, Message>
