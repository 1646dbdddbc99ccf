import type { Message } from '../locale.ts'

/** The student's page. */
export const workspace = {
  'workspace.title': { en: 'My workspace', fr: 'Mon espace de travail' },
  'workspace.seat': { en: 'Seat {number}', fr: 'Poste {number}' },

  'workspace.closed': { en: 'Not open yet', fr: 'Pas encore ouvert' },
  'workspace.queued': { en: 'Waiting for a place', fr: 'En attente d’une place' },
  'workspace.starting': { en: 'Getting ready', fr: 'En préparation' },
  'workspace.ready': { en: 'Ready', fr: 'Prêt' },
  'workspace.resetting': { en: 'Starting afresh', fr: 'Remise à neuf' },
  'workspace.stopping': { en: 'Stopping', fr: 'Arrêt en cours' },
  'workspace.stopped': { en: 'Stopped', fr: 'Arrêté' },
  'workspace.failed': { en: 'Could not start', fr: 'Démarrage impossible' },

  'workspace.closed.opens': {
    en: 'Your workspace opens {when}.',
    fr: 'Votre espace ouvre {when}.',
  },
  'workspace.closed.by-itself': {
    en: 'You can leave this page open: it lets you in by itself.',
    fr: 'Vous pouvez laisser cette page ouverte : elle vous fera entrer d’elle-même.',
  },
  'workspace.closed.no-date': {
    en: 'No session of this course is planned at the moment. Your teacher decides when it opens.',
    fr: 'Aucune séance de ce cours n’est prévue pour l’instant. C’est votre enseignant qui l’ouvre.',
  },
  'workspace.queued.next': { en: 'You are next.', fr: 'Vous êtes le prochain.' },
  'workspace.queued.ahead': {
    en: { one: '{count} person is before you.', other: '{count} people are before you.' },
    fr: { one: '{count} personne est avant vous.', other: '{count} personnes sont avant vous.' },
  },
  'workspace.queued.estimate': {
    en: 'Your turn is likely to come {when}, by when those who are in usually leave.',
    fr: 'Votre tour viendra sans doute {when}, d’après l’heure à laquelle on part d’habitude.',
  },
  'workspace.queued.beyond': {
    en: 'No place is likely before this session ends ({when}). If somebody leaves earlier, you are let in.',
    fr: 'Une place est peu probable avant la fin de la séance ({when}). Si quelqu’un part plus tôt, vous entrerez.',
  },
  'workspace.queued.held': {
    en: {
      one: 'When your turn comes, a place is held for you for {count} minute, and this page says so.',
      other:
        'When your turn comes, a place is held for you for {count} minutes, and this page says so.',
    },
    fr: {
      one: 'Quand votre tour viendra, une place vous sera gardée {count} minute, et cette page le dira.',
      other:
        'Quand votre tour viendra, une place vous sera gardée {count} minutes, et cette page le dira.',
    },
  },
  'workspace.queued.mail': {
    en: 'You are told by mail as well.',
    fr: 'Vous serez aussi prévenu par courriel.',
  },
  'workspace.turn': { en: 'It is your turn', fr: 'C’est votre tour' },
  'workspace.turn.held': {
    en: 'A place is held for you. It passes on to the next in line {when}.',
    fr: 'Une place vous est gardée. Elle passe au suivant {when}.',
  },
  'workspace.queued.no-estimate': {
    en: 'A place is being made for you.',
    fr: 'Une place est en cours de création pour vous.',
  },
  'workspace.numberless': { en: 'No seat is left', fr: 'Aucun poste libre' },
  'workspace.numberless.why': {
    en: {
      one: 'The one seat of this course is somebody else’s, and a seat stays with its student.',
      other:
        'All {count} seats of this course are other people’s, and a seat stays with its student.',
    },
    fr: {
      one: 'L’unique poste de ce cours est celui de quelqu’un d’autre, et un poste reste à son étudiant.',
      other: 'Les {count} postes de ce cours sont attribués, et un poste reste à son étudiant.',
    },
  },
  'workspace.numberless.do': {
    en: 'Tell your teacher that you have no seat: they have been told too, and can plan more. As soon as there is one for you, you are let in by yourself, even if you close this page.',
    fr: 'Dites à votre enseignant que vous n’avez pas de poste : il en est aussi prévenu et peut en prévoir davantage. Dès qu’il y en aura un pour vous, vous entrerez de vous-même, même si vous fermez cette page.',
  },
  'workspace.queued.kept': {
    en: 'Your place in line is kept, even if you close this page.',
    fr: 'Votre rang est gardé, même si vous fermez cette page.',
  },
  'workspace.starting.explain': {
    en: 'This usually takes a few seconds. The page opens by itself.',
    fr: 'Cela prend en général quelques secondes. La page s’ouvre d’elle-même.',
  },
  'workspace.resetting.explain': {
    en: 'A new environment with an empty volume is being made. What was there before is kept.',
    fr: 'Un environnement neuf, au volume vide, est en préparation. Ce qui était là avant est gardé.',
  },
  'workspace.stopping.explain': {
    en: 'Your files are kept.',
    fr: 'Vos fichiers sont gardés.',
  },
  'workspace.stopped.explain': {
    en: 'Your files are kept. You come back to the same seat.',
    fr: 'Vos fichiers sont gardés. Vous retrouverez le même poste.',
  },

  'step.number': { en: 'Find your seat', fr: 'Trouver votre poste' },
  'step.place': { en: 'Get a place to run', fr: 'Obtenir une place' },
  'step.create': { en: 'Make your environment', fr: 'Créer votre environnement' },
  'step.start': { en: 'Start it', fr: 'Le démarrer' },
  'step.check': { en: 'Check every way in', fr: 'Vérifier chaque accès' },
  'step.ready': { en: 'Ready', fr: 'Prêt' },
  'step.done': { en: 'done', fr: 'fait' },
  'step.active': { en: 'in progress', fr: 'en cours' },
  'step.waiting': { en: 'to come', fr: 'à venir' },
  'steps.title': { en: 'Progress', fr: 'Avancement' },

  'door.start': { en: 'Start', fr: 'Démarrer' },
  'door.open': { en: 'Open {title}', fr: 'Ouvrir {title}' },
  'door.at': { en: 'Opens at {path}', fr: 'S’ouvre à {path}' },
  'door.new-tab': { en: 'Open in a new tab', fr: 'Ouvrir dans un nouvel onglet' },
  'door.opens-new-tab': {
    en: 'Opens in a new tab, so that you have the whole window.',
    fr: 'S’ouvre dans un nouvel onglet, pour disposer de toute la fenêtre.',
  },
  'door.others': { en: 'Other ways in', fr: 'Autres accès' },
  'door.ssh': { en: 'SSH command', fr: 'Commande SSH' },
  'door.vnc': { en: 'VNC address', fr: 'Adresse VNC' },
  'door.tcp': { en: 'Address', fr: 'Adresse' },
  'door.login': { en: 'Login', fr: 'Identifiant' },
  'door.password': { en: 'Password', fr: 'Mot de passe' },
  'door.show': { en: 'Show the password', fr: 'Afficher le mot de passe' },
  'door.hide': { en: 'Hide the password', fr: 'Masquer le mot de passe' },
  'door.copy': { en: 'Copy: {what}', fr: 'Copier : {what}' },
  'door.same': {
    en: 'Login and password stay the same for the whole course.',
    fr: 'Identifiant et mot de passe restent les mêmes pendant tout le cours.',
  },

  'workspace.stops': { en: 'Stops by itself {when}', fr: 'S’arrête de lui-même {when}' },
  'workspace.stops.kept': { en: 'Your files are kept.', fr: 'Vos fichiers sont gardés.' },

  'workspace.warned': {
    en: 'Your workspace stops {when}. Save your work: files are kept, running programs end.',
    fr: 'Votre espace s’arrête {when}. Enregistrez votre travail : les fichiers sont gardés, les programmes en cours s’arrêtent.',
  },
  'workspace.idle': {
    en: 'No work was seen here for a while: your workspace stops {when}, unless you go on. Files are kept.',
    fr: 'Aucune activité depuis un moment : votre espace s’arrête {when}, sauf si vous continuez. Les fichiers sont gardés.',
  },
  'act.stay': { en: 'I am still working', fr: 'Je travaille encore' },
  'workspace.warned.title': { en: 'Stops soon', fr: 'S’arrête bientôt' },

  'act.take-turn': { en: 'Start now', fr: 'Démarrer maintenant' },
  'extend.others-wait': {
    en: 'It cannot be extended: others wait for a place. You can queue again once it has stopped.',
    fr: 'Impossible de prolonger : d’autres attendent une place. Une fois arrêté, vous pourrez reprendre la file.',
  },
  'act.extend': { en: 'Extend: stop {when}', fr: 'Prolonger : arrêt {when}' },
  'extend.session-end': {
    en: 'It cannot be extended: the machines are planned for this session until then.',
    fr: 'Impossible de prolonger : les machines ne sont prévues pour cette séance que jusque-là.',
  },
  'extend.closes': {
    en: 'It cannot be extended: the course closes then.',
    fr: 'Impossible de prolonger : le cours ferme à ce moment-là.',
  },
  'extend.often': {
    en: 'It cannot be extended again. Once it has stopped, you can start it anew.',
    fr: 'Impossible de prolonger encore. Une fois arrêté, vous pourrez le redémarrer.',
  },
  'extend.longest': {
    en: 'It is held for as long as a click can. Click again later.',
    fr: 'Il est déjà retenu aussi longtemps qu’un clic le permet. Recliquez plus tard.',
  },
  'extend.never': {
    en: 'In this course it cannot be extended. Once it has stopped, you can start it anew.',
    fr: 'Ce cours ne permet pas de prolonger. Une fois arrêté, vous pourrez le redémarrer.',
  },

  'note.ask': { en: 'Notify me on this computer', fr: 'Me prévenir sur cet ordinateur' },
  'note.allowed': {
    en: 'You will be notified here before it stops, while this page is open.',
    fr: 'Vous serez prévenu ici avant l’arrêt, tant que cette page est ouverte.',
  },
  'note.refused': {
    en: 'Your browser does not allow it. You can change that in its settings for this site.',
    fr: 'Votre navigateur ne le permet pas. Ses réglages pour ce site peuvent le changer.',
  },
  'note.stop': { en: 'Your workspace stops {when}', fr: 'Votre espace s’arrête {when}' },
  'note.stop.body': {
    en: 'Save your work, or extend it on its page.',
    fr: 'Enregistrez votre travail, ou prolongez-le sur sa page.',
  },

  'act.title': { en: 'Manage', fr: 'Gérer' },
  'act.start': { en: 'Start again', fr: 'Redémarrer' },
  'act.retry': { en: 'Try again', fr: 'Réessayer' },
  'act.leave-queue': { en: 'Leave the line', fr: 'Quitter la file' },
  'act.stop': { en: 'Stop', fr: 'Arrêter' },
  'act.stop.explain': {
    en: 'Ends running programs and frees your place; saved files are kept.',
    fr: 'Arrête les programmes en cours et libère votre place ; les fichiers enregistrés sont gardés.',
  },
  'act.restart': { en: 'Restart', fr: 'Relancer' },
  'act.restart.explain': {
    en: 'Ends running programs and starts them anew; saved files are kept.',
    fr: 'Arrête les programmes en cours et les relance ; les fichiers enregistrés sont gardés.',
  },
  'act.reset': { en: 'Reset…', fr: 'Remettre à neuf…' },
  'act.reset.explain': {
    en: 'A fresh start; asks first.',
    fr: 'Repartir de zéro ; une confirmation est demandée.',
  },

  'reset.title': { en: 'Start afresh?', fr: 'Repartir de zéro ?' },
  'reset.explain': {
    en: 'Running programs end. What do you want to do with your files?',
    fr: 'Les programmes en cours s’arrêtent. Que faire de vos fichiers ?',
  },
  'reset.keep': { en: 'Keep my files', fr: 'Garder mes fichiers' },
  'reset.keep.explain': {
    en: 'Only the system around them is made new.',
    fr: 'Seul le système autour d’eux est refait.',
  },
  'reset.empty': { en: 'Start with an empty volume', fr: 'Repartir d’un volume vide' },
  'reset.empty.explain': {
    en: 'Your files are no longer in your workspace afterwards, and no page shows them: copy first what you still need.',
    fr: 'Vos fichiers ne seront plus dans votre espace, et aucune page ne les montrera : copiez d’abord ce qui vous sert encore.',
  },
  'reset.empty.kept-until': {
    en: 'What is on your disk now is kept until {when}, on the page of your files: you can look at it, download it and bring it back.',
    fr: 'Ce qui est sur votre disque à présent est gardé jusqu’au {when}, sur la page de vos fichiers : vous pourrez le consulter, le télécharger et le récupérer.',
  },
  'reset.empty.kept': {
    en: 'What is on your disk now is kept, on the page of your files: you can look at it, download it and bring it back.',
    fr: 'Ce qui est sur votre disque à présent est gardé, sur la page de vos fichiers : vous pourrez le consulter, le télécharger et le récupérer.',
  },
  'reset.full': {
    en: 'You cannot start with an empty volume again: what was there before each of your resets is kept, and no more can be. Keep your files, and delete those you no longer need.',
    fr: 'Vous ne pouvez plus repartir d’un volume vide : ce qui était là avant chacune de vos remises à neuf est gardé, et il ne peut y en avoir plus. Gardez vos fichiers, et supprimez ceux qui ne servent plus.',
  },
  'reset.full.until': {
    en: 'What is kept of before is removed on {when}.',
    fr: 'Ce qui est gardé d’avant sera supprimé le {when}.',
  },
  'reset.go': { en: 'Reset', fr: 'Remettre à neuf' },
} satisfies Record<string, Message>
