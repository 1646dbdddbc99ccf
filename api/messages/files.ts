import type { Message } from '../locale.ts'

/** The page of a student's files. */
export const files = {
  'files.title': { en: 'My files', fr: 'Mes fichiers' },
  'files.open': { en: 'Browse, upload and download', fr: 'Parcourir, déposer et télécharger' },
  'files.top': { en: 'Disk', fr: 'Disque' },
  'files.where': { en: 'Where you are', fr: 'Où vous êtes' },
  'files.name': { en: 'Name', fr: 'Nom' },
  'files.size': { en: 'Size', fr: 'Taille' },
  'files.changed': { en: 'Changed', fr: 'Modifié' },
  'files.folder': { en: 'folder', fr: 'dossier' },
  'files.other': {
    en: 'link or device: only inside the workspace',
    fr: 'lien ou périphérique : seulement dans l’espace',
  },
  'files.empty': {
    en: 'Nothing here yet. Upload a file, or save one in your workspace.',
    fr: 'Rien ici pour l’instant. Déposez un fichier, ou enregistrez-en un dans votre espace.',
  },
  'files.all': { en: 'Download all as an archive', fr: 'Tout télécharger en une archive' },
  'files.all.explain': {
    en: 'A ZIP file of this folder. Links are left out, and named in it.',
    fr: 'Un fichier ZIP de ce dossier. Les liens en sont exclus, et y sont nommés.',
  },
  'files.shown': { en: '{from} to {to} of {total}', fr: '{from} à {to} sur {total}' },
  'files.previous': { en: 'Previous', fr: 'Précédents' },
  'files.next': { en: 'Next', fr: 'Suivants' },
  'files.upload': { en: 'Upload files here', fr: 'Déposer des fichiers ici' },
  'files.upload.explain': {
    en: 'Also when the workspace is stopped. Cut in the middle, an upload goes on where it was when you choose the same file again. Nothing is written over.',
    fr: 'Même quand l’espace est arrêté. Coupé au milieu, un dépôt reprend où il en était quand vous choisissez à nouveau le même fichier. Rien n’est écrasé.',
  },
  'files.upload.choose': { en: 'Choose files', fr: 'Choisir des fichiers' },
  'files.upload.script': {
    en: 'Uploading needs JavaScript, which this browser does not run here.',
    fr: 'Le dépôt a besoin de JavaScript, que ce navigateur n’exécute pas ici.',
  },
  'files.upload.going': { en: '{name}: {percent} %', fr: '{name} : {percent} %' },
  'files.upload.done': { en: '{name} is there.', fr: '{name} est arrivé.' },
  'files.upload.full': {
    en: '{name} does not fit: the disk is full.',
    fr: '{name} ne tient pas : le disque est plein.',
  },
  'files.upload.refused': {
    en: '{name} cannot be stored under this name here.',
    fr: '{name} ne peut être enregistré sous ce nom ici.',
  },
  'files.upload.failed': {
    en: '{name} did not arrive. Choose it again to go on where it stopped.',
    fr: '{name} n’est pas arrivé. Choisissez-le à nouveau pour reprendre où il s’est arrêté.',
  },
  'files.upload.cancel': { en: 'Stop', fr: 'Arrêter' },
  'files.back': { en: 'Back to the workspace', fr: 'Retour à l’espace de travail' },
  'files.none-yet': {
    en: 'Your disk is made with your first session. Come back then.',
    fr: 'Votre disque sera créé avec votre première séance. Revenez alors.',
  },
  'files.inside-only': {
    en: 'The files of this course can be reached only inside the workspace: open it to see them.',
    fr: 'Les fichiers de ce cours ne sont accessibles que dans l’espace de travail : ouvrez-le pour les voir.',
  },
  'problem.no-file': {
    en: 'There is no such file, or its disk cannot be reached at the moment.',
    fr: 'Ce fichier n’existe pas, ou son disque n’est pas accessible pour l’instant.',
  },
  'problem.files-away': {
    en: 'Files cannot be reached at the moment. Nothing is lost: try again in a few minutes.',
    fr: 'Les fichiers ne sont pas accessibles pour l’instant. Rien n’est perdu : réessayez dans quelques minutes.',
  },
} satisfies Record<string, Message>
