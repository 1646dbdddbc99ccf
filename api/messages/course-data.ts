import type { Message } from '../locale.ts'

/** What all seats of a course read. */
export const courseData = {
  'course-part.data': { en: 'Data', fr: 'Données' },
  'data.title': { en: 'Course data', fr: 'Données du cours' },
  'data.explain': {
    en: 'A subject, a data set: uploaded once, and read by every workspace in {path}. Nobody can write there. A new version reaches each workspace when it starts the next time after it was stopped; who works keeps what they have.',
    fr: 'Un sujet, un jeu de données : déposé une fois, et lu par chaque espace dans {path}. Personne ne peut y écrire. Une nouvelle version arrive dans chaque espace à son prochain démarrage après un arrêt ; qui travaille garde ce qu’il a.',
  },
  'data.no-storage': {
    en: 'The machines of this course have nothing that keeps data for all of them: their administrators have to give the pool a storage.',
    fr: 'Les machines de ce cours n’ont rien qui garde des données pour toutes : leurs administrateurs doivent donner un stockage au groupe de machines.',
  },
  'data.none': {
    en: 'Nothing is published yet: begin a version below.',
    fr: 'Rien n’est publié pour l’instant : commencez une version ci-dessous.',
  },
  'data.version': { en: 'Version', fr: 'Version' },
  'data.published': { en: 'Published', fr: 'Publiée' },
  'data.size': { en: 'Size', fr: 'Taille' },
  'data.files': {
    en: { one: '{count} file', other: '{count} files' },
    fr: { one: '{count} fichier', other: '{count} fichiers' },
  },
  'data.seats': { en: 'Workspaces that have it', fr: 'Espaces qui l’ont' },
  'data.state': { en: 'State', fr: 'État' },
  'data.in-force': { en: 'in force', fr: 'en vigueur' },
  'data.kept': { en: 'kept', fr: 'conservée' },
  'data.deleted': { en: 'deleted', fr: 'supprimée' },
  'data.use': { en: 'Go back to version {version}', fr: 'Revenir à la version {version}' },
  'data.put': {
    en: 'Put version {version} in force',
    fr: 'Mettre la version {version} en vigueur',
  },
  'data.begin': { en: 'Version {version}', fr: 'Version {version}' },
  'data.begin.explain': {
    en: 'It begins empty, and is seen by nobody before you publish it.',
    fr: 'Elle commence vide, et personne ne la voit avant que vous la publiiez.',
  },
  'data.size-mb': { en: 'Size, at most (MB)', fr: 'Taille maximale (Mo)' },
  'data.begin.go': { en: 'Begin', fr: 'Commencer' },
  'data.draft': {
    en: 'Version {version}, not published yet',
    fr: 'Version {version}, pas encore publiée',
  },
  'data.draft.explain': {
    en: 'Up to {size}. Once published, nothing of it can be changed.',
    fr: 'Jusqu’à {size}. Une fois publiée, rien n’en peut être changé.',
  },
  'data.draft.not-made': {
    en: 'The storage does not answer, so what is in it cannot be shown.',
    fr: 'Le stockage ne répond pas : son contenu ne peut être montré.',
  },
  'data.draft.again': { en: 'Try again', fr: 'Réessayer' },
  'data.draft.empty': {
    en: 'No file yet: upload some below.',
    fr: 'Aucun fichier : déposez-en ci-dessous.',
  },
  'data.draft.more': { en: '{count} in all.', fr: '{count} en tout.' },
  'data.upload.explain': {
    en: 'Cut in the middle, an upload goes on where it was when you choose the same file again. Several files at once are fine.',
    fr: 'Coupé au milieu, un dépôt reprend où il en était quand vous choisissez à nouveau le même fichier. Plusieurs fichiers à la fois conviennent.',
  },
  'data.publish': { en: 'Publish version {version}', fr: 'Publier la version {version}' },
  'data.discard.ask': { en: 'Discard this version…', fr: 'Abandonner cette version…' },
  'data.discard.explain': {
    en: 'What was uploaded into it is deleted, and cannot be brought back. The versions before it stay.',
    fr: 'Ce qui y a été déposé est supprimé, sans retour possible. Les versions précédentes restent.',
  },
  'data.discard': { en: 'Discard version {version}', fr: 'Abandonner la version {version}' },
  'data.saved': {
    en: 'In force: each workspace gets it when it starts the next time after it was stopped.',
    fr: 'En vigueur : chaque espace la reçoit à son prochain démarrage après un arrêt.',
  },
  'data.gone': {
    en: 'This version is not what it was when you looked: load the page again.',
    fr: 'Cette version n’est plus ce qu’elle était quand vous avez regardé : rechargez la page.',
  },
  'data.busy': {
    en: 'Something is still being uploaded into it. Try again in a moment.',
    fr: 'Un dépôt y est encore en cours. Réessayez dans un instant.',
  },
  'data.has': {
    en: 'Course data: version {has}, in {path}, to be read only.',
    fr: 'Données du cours : version {has}, dans {path}, en lecture seule.',
  },
  'data.next': {
    en: 'Version {next} is there: stop this workspace and start it again to get it.',
    fr: 'La version {next} est arrivée : arrêtez cet espace puis redémarrez-le pour l’avoir.',
  },
  'data.at-start': {
    en: 'Course data: version {next}, in {path}, at your next start.',
    fr: 'Données du cours : version {next}, dans {path}, à votre prochain démarrage.',
  },
} satisfies Record<string, Message>
