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
  'disk.no-files-left': {
    en: 'Full: it holds {files} files and folders, and takes no more, however small. What was saved is safe, and you can still come in and stop: delete some in your workspace, or put many into one archive.',
    fr: 'Plein : il contient {files} fichiers et dossiers et n’en accepte plus, même petits. Ce qui était enregistré est à l’abri, et vous pouvez toujours entrer et arrêter : supprimez-en dans votre espace, ou regroupez-en dans une archive.',
  },
  'disk.wanted': { en: 'It is being made.', fr: 'Il est en cours de création.' },
  'disk.missing': {
    en: 'Your files cannot be reached at the moment. Nothing was deleted; your workspace starts by itself when they are back. Tell your teacher if it lasts.',
    fr: 'Vos fichiers ne sont pas accessibles pour l’instant. Rien n’a été supprimé ; votre espace démarrera de lui-même à leur retour. Si cela dure, dites-le à votre enseignant.',
  },
  'disk.away': {
    en: 'As it was last seen: it cannot be measured right now.',
    fr: 'Tel que vu en dernier : il ne peut pas être mesuré en ce moment.',
  },
  away: {
    en: 'Your files cannot be reached right now. Nothing is lost: everything goes on by itself when they are back.',
    fr: 'Vos fichiers ne sont pas accessibles en ce moment. Rien n’est perdu : tout reprendra de lui-même à leur retour.',
  },
  'away.ready': {
    en: 'What you do may stand still for a while. Leave it open: do not close or stop anything, it goes on where it was.',
    fr: 'Ce que vous faites peut rester figé un moment. Laissez tout ouvert, sans rien fermer ni arrêter : cela reprendra là où c’était.',
  },
  'away.starting': {
    en: 'Your workspace starts by itself as soon as your files can be reached again. You do not have to do anything.',
    fr: 'Votre espace démarrera de lui-même dès que vos fichiers seront de nouveau accessibles. Vous n’avez rien à faire.',
  },
  'away.stopping': {
    en: 'It stops when your files can be reached again, so that nothing is cut off while it is being saved; after a day it is stopped all the same.',
    fr: 'Il s’arrêtera quand vos fichiers seront de nouveau accessibles, pour que rien ne soit coupé en plein enregistrement ; au bout d’un jour, il sera arrêté quand même.',
  },
  'disk.damaged': {
    en: 'Your files cannot be read at the moment, and are left as they are. Tell your teacher: the machines’ administrators have to look at them.',
    fr: 'Vos fichiers ne peuvent pas être lus pour l’instant, et restent tels quels. Dites-le à votre enseignant : les administrateurs des machines doivent intervenir.',
  },

  'personal.title': { en: 'Your personal folder', fr: 'Votre dossier personnel' },
  'personal.fine': {
    en: 'The same files in all your courses that have it. Nobody else can open it, your teachers neither.',
    fr: 'Les mêmes fichiers dans tous vos cours qui en ont un. Personne d’autre ne peut l’ouvrir, vos enseignants non plus.',
  },
  'personal.missing': {
    en: 'Your personal folder cannot be reached at the moment. Nothing was deleted; it comes back by itself, and you can work without it.',
    fr: 'Votre dossier personnel n’est pas accessible pour l’instant. Rien n’a été supprimé ; il reviendra de lui-même, et vous pouvez travailler sans lui.',
  },
  'personal.damaged': {
    en: 'Your personal folder cannot be read at the moment, and is left as it is. Tell your teacher: the machines’ administrators have to look at it. You can work without it.',
    fr: 'Votre dossier personnel ne peut pas être lu pour l’instant, et reste tel quel. Dites-le à votre enseignant : les administrateurs des machines doivent intervenir. Vous pouvez travailler sans lui.',
  },
  'personal.top': { en: 'Folder', fr: 'Dossier' },
  'personal.none-yet': {
    en: 'Your personal folder is made with your first session. Come back then.',
    fr: 'Votre dossier personnel sera créé avec votre première séance. Revenez alors.',
  },
  'personal.open': {
    en: 'It is in your workspace at {path}.',
    fr: 'Il est dans votre espace, à {path}.',
  },
  'personal.coming': {
    en: 'It comes to {path} in your workspace in a moment; until then nothing can be saved there.',
    fr: 'Il arrive dans votre espace, à {path}, dans un instant ; d’ici là, rien ne peut y être enregistré.',
  },
  'personal.closed': {
    en: 'It is at {path} when your workspace runs.',
    fr: 'Il est à {path} quand votre espace est en marche.',
  },
  'personal.lacking': {
    en: 'Workspaces start without it at the moment: the server that keeps it has to be updated, and the administrators were told. Nothing of it was deleted, and you can work without it. It is there again at the first start after that.',
    fr: 'Pour l’instant, les espaces démarrent sans lui : le serveur qui le garde doit être mis à jour, et les administrateurs sont prévenus. Rien n’en a été supprimé, et vous pouvez travailler sans lui. Il sera de nouveau là au premier démarrage qui suivra.',
  },
  'personal.left-out': {
    en: 'Your workspace began without it. Stop it and start it again to have it there.',
    fr: 'Votre espace a démarré sans lui. Arrêtez-le et redémarrez-le pour l’y retrouver.',
  },
  'personal.also-in': {
    en: 'Your personal folder is also open in {courses}: what you change there changes here at once.',
    fr: 'Votre dossier personnel est aussi ouvert dans {courses} : ce que vous y changez change ici aussitôt.',
  },

  'course.disk': { en: 'Disk', fr: 'Disque' },
  'course.disk.of': { en: '{used} of {limit}', fr: '{used} sur {limit}' },
  'course.disk.nearly': { en: 'almost full', fr: 'presque plein' },
  'course.disk.full': { en: 'full', fr: 'plein' },
  'course.disk.wanted': { en: 'being made', fr: 'en création' },
  'course.disk.away': { en: 'not reachable', fr: 'inaccessible' },
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
  'volume.not-there': {
    en: 'It is to be deleted, and what it was kept on is not there: mount its disk. Nothing counts as deleted before.',
    fr: 'Il doit être supprimé, et ce qui le gardait n’est pas là : montez son disque. Rien ne compte comme supprimé d’ici là.',
  },
  'volume.no-files-left': {
    en: 'It has as many files and folders as it may hold ({files}): some have to be deleted, or the disk made larger.',
    fr: 'Il contient autant de fichiers et de dossiers que permis ({files}) : il faut en supprimer, ou agrandir le disque.',
  },
  'volume.seat-on': {
    en: 'Its seat is not stopped yet, and would begin in the empty volume. Stop it, or wait until it is given up, and try again.',
    fr: 'Son poste n’est pas encore arrêté, et démarrerait dans le volume vide. Arrêtez-le, ou attendez que Labplan y renonce, puis recommencez.',
  },
  'volume.not-missing': {
    en: 'There is no volume of this name that is missing: no other is made anew. See labplan volume list --full.',
    fr: 'Aucun volume de ce nom n’est absent : aucun autre n’est recréé. Voyez labplan volume list --full.',
  },
  'volume.damaged': {
    en: 'Its file system cannot be mounted: {problem}.',
    fr: 'Son système de fichiers ne peut être monté : {problem}.',
  },
} satisfies Record<string, Message>
