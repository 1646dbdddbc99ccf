import type { Message } from '../locale.ts'

/** Beginning while the storage is away: a home for a while, and what becomes of its files. */
export const scratch = {
  'scratch.title': { en: 'Files are out of reach', fr: 'Fichiers inaccessibles' },
  'scratch.title.left': {
    en: 'Files still to be brought home',
    fr: 'Fichiers à ramener',
  },
  'scratch.offer': {
    en: 'The storage stopped answering {since}. Seats that run stand still and go on by themselves; those that have not started wait for it.',
    fr: 'Le stockage a cessé de répondre {since}. Les postes en marche sont figés et reprendront d’eux-mêmes ; ceux qui n’ont pas démarré l’attendent.',
  },
  'scratch.offer.go': {
    en: 'Start without their files…',
    fr: 'Démarrer sans leurs fichiers…',
  },
  'scratch.ask.title': {
    en: 'Start on a scratch home?',
    fr: 'Démarrer sur un dossier provisoire ?',
  },
  'scratch.ask.who': {
    en: 'Seats of this class that have not started begin at once, with an empty home for now. Whoever is at work already is left alone, and so is everything in their files.',
    fr: 'Les postes de cette classe qui n’ont pas démarré démarrent tout de suite, avec un dossier vide en attendant. Qui travaille déjà n’est pas touché, ni aucun de ses fichiers.',
  },
  'scratch.ask.what': {
    en: 'Students do not see what they did before, nor the course’s data or their personal folder. Their page says so.',
    fr: 'Les étudiants ne voient ni ce qu’ils ont fait avant, ni les données du cours, ni leur dossier personnel. Leur page le dit.',
  },
  'scratch.ask.after': {
    en: 'When the storage is back and a seat has stopped, what was written goes into a new folder of its real home, from-scratch-DATE. Nothing there is overwritten. The next start waits for that.',
    fr: 'Quand le stockage est de retour et qu’un poste s’est arrêté, ce qui a été écrit va dans un nouveau dossier de son vrai dossier personnel, from-scratch-DATE. Rien n’y est écrasé. Le démarrage suivant l’attend.',
  },
  'scratch.ask.limit': {
    en: 'Until then these files are on one machine only, and have no limit of their own: what does not fit in a student’s disk stays on the machine, and their page says so.',
    fr: 'D’ici là ces fichiers ne sont que sur une machine, et n’ont pas de limite propre : ce qui ne tient pas sur le disque d’un étudiant reste sur la machine, et sa page le dit.',
  },
  'scratch.ask.go': { en: 'Start on scratch homes', fr: 'Démarrer sur des dossiers provisoires' },
  'scratch.chosen': {
    en: 'Seats that had not started begin on a scratch home.',
    fr: 'Les postes qui n’avaient pas démarré démarrent sur un dossier provisoire.',
  },
  'scratch.chosen.begun': {
    en: { one: '{count} seat is on one.', other: '{count} seats are on one.' },
    fr: { one: '{count} poste y est.', other: '{count} postes y sont.' },
  },
  'scratch.undo': { en: 'Wait for the storage instead', fr: 'Attendre plutôt le stockage' },
  'scratch.left': {
    en: {
      one: 'The files of {count} seat’s scratch home are not in its real home yet. They are brought there by themselves when the seat has stopped.',
      other:
        'The files of {count} seats’ scratch homes are not in their real homes yet. They are brought there by themselves when a seat has stopped.',
    },
    fr: {
      one: 'Les fichiers du dossier provisoire de {count} poste ne sont pas encore dans son vrai dossier. Ils y seront apportés d’eux-mêmes à l’arrêt du poste.',
      other:
        'Les fichiers des dossiers provisoires de {count} postes ne sont pas encore dans leurs vrais dossiers. Ils y seront apportés d’eux-mêmes à l’arrêt de chaque poste.',
    },
  },
  'scratch.left.node-away': {
    en: 'Seat {seat}: its machine does not answer. Tried again by itself.',
    fr: 'Poste {seat} : sa machine ne répond pas. Nouvel essai automatique.',
  },
  'scratch.left.no-room': {
    en: 'Seat {seat}: there is not enough room on its disk. Give the course more, or have the student delete something.',
    fr: 'Poste {seat} : il n’y a pas assez de place sur son disque. Donnez-en plus au cours, ou faites supprimer quelque chose.',
  },
  'scratch.left.cannot': {
    en: 'Seat {seat}: it could not be copied. Nothing is lost; the infrastructure team finds why in the worker’s log.',
    fr: 'Poste {seat} : la copie a échoué. Rien n’est perdu ; l’équipe infrastructure en trouvera la raison dans le journal du worker.',
  },

  'scratch.on': {
    en: 'You are on a scratch home: what you did before is out of reach right now and safe. What you save is brought to your real home after you have stopped.',
    fr: 'Vous êtes sur un dossier provisoire : ce que vous avez fait avant est inaccessible en ce moment, et à l’abri. Ce que vous enregistrez sera apporté dans votre vrai dossier après l’arrêt.',
  },
  'scratch.on.folder': {
    en: 'There it is in the folder {folder}; nothing is overwritten.',
    fr: 'Il y sera dans le dossier {folder} ; rien n’est écrasé.',
  },
  'scratch.on.back': {
    en: 'Your real home is there again: stop and start to have it back.',
    fr: 'Votre vrai dossier est de nouveau là : arrêtez puis démarrez pour le retrouver.',
  },
  'scratch.bringing': {
    en: 'What you saved on the scratch home is being brought to your real home. Your workspace can start when that is done.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire est en route vers votre vrai dossier. Votre espace pourra démarrer ensuite.',
  },
  'scratch.waits': {
    en: 'What you saved on the scratch home is safe, and is brought to your real home when that can be reached again.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire est à l’abri, et sera apporté dans votre vrai dossier dès que celui-ci sera accessible.',
  },
  'scratch.done.folder': {
    en: 'What you saved on the scratch home is in the folder {folder} of your home.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire est dans le dossier {folder} de votre dossier personnel.',
  },
  'scratch.done.home': {
    en: 'What you saved on the scratch home is in your home.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire est dans votre dossier personnel.',
  },
  'scratch.trouble.node-away': {
    en: 'What you saved on the scratch home is on a machine that does not answer. It is brought here after your next stop once it does.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire est sur une machine qui ne répond pas. Ce sera apporté ici après votre prochain arrêt, une fois qu’elle répondra.',
  },
  'scratch.trouble.no-room': {
    en: 'What you saved on the scratch home does not fit on your disk, and is kept where it is. Delete something and stop: it is tried again.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire ne tient pas sur votre disque, et reste où il est. Supprimez quelque chose et arrêtez : un nouvel essai sera fait.',
  },
  'scratch.trouble.cannot': {
    en: 'What you saved on the scratch home could not be brought here yet, and is kept where it is. It is tried again after your next stop.',
    fr: 'Ce que vous avez enregistré sur le dossier provisoire n’a pas encore pu être apporté ici, et reste où il est. Un nouvel essai sera fait après votre prochain arrêt.',
  },

  'problem.scratch.not-away': {
    en: 'The storage answers again: seats start with their files.',
    fr: 'Le stockage répond de nouveau : les postes démarrent avec leurs fichiers.',
  },
  'problem.scratch.not-under-way': {
    en: 'No class of this course is prepared or under way.',
    fr: 'Aucune classe de ce cours n’est en préparation ou en cours.',
  },
  'problem.scratch.has-begun': {
    en: 'Somebody has begun on a scratch home already.',
    fr: 'Quelqu’un a déjà commencé sur un dossier provisoire.',
  },
} as const satisfies Record<string, Message>
