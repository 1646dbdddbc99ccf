import type { Message } from '../locale.ts'

/** The teacher's page, and what a session's state is called. */
export const course = {
  'course.sessions': { en: 'Next sessions', fr: 'Prochaines séances' },
  'course.no-sessions': { en: 'No session to come.', fr: 'Aucune séance à venir.' },
  'course.when': { en: 'When', fr: 'Quand' },
  'course.students': { en: 'Students', fr: 'Étudiants' },
  'course.at-once': { en: '({count} at once)', fr: '({count} à la fois)' },
  'course.pool': { en: 'Pool', fr: 'Pool' },
  'course.state': { en: 'State', fr: 'État' },
  'course.class': { en: 'Class', fr: 'Classe' },
  'course.class.none': {
    en: 'No seat exists at the moment. Seats are made before each session.',
    fr: 'Aucun poste n’existe en ce moment. Les postes sont créés avant chaque séance.',
  },
  'course.seat': { en: 'Seat', fr: 'Poste' },
  'course.who': { en: 'Student', fr: 'Étudiant' },
  'course.since': { en: 'Since', fr: 'Depuis' },
  'course.free': { en: 'free', fr: 'libre' },
  'course.unnamed': { en: 'taken (no name given)', fr: 'pris (nom non transmis)' },
  'course.count.ready': { en: 'ready', fr: { one: 'prêt', other: 'prêts' } },
  'course.count.taken': { en: 'taken', fr: { one: 'pris', other: 'pris' } },
  'course.count.queued': { en: 'waiting', fr: 'en attente' },
  'course.count.failed': { en: 'failed', fr: 'en échec' },
  'course.notes': { en: 'What the planner says', fr: 'Ce que dit le planificateur' },
  'course.remarks': { en: 'Good to know', fr: 'Bon à savoir' },
  'course.own': { en: 'My own workspace', fr: 'Mon propre espace' },
  'course.own.explain': {
    en: 'Opens an environment like your students’. It takes a seat of the course.',
    fr: 'Ouvre un environnement comme celui de vos étudiants. Il occupe un poste du cours.',
  },

  'session.planned': { en: 'planned', fr: 'prévue' },
  'session.preparing': { en: 'being prepared', fr: 'en préparation' },
  'session.ready': { en: 'ready', fr: 'prête' },
  'session.ready-no-more': {
    en: 'no longer ready: seats are missing',
    fr: 'n’est plus prête : il manque des postes',
  },
  'session.open': { en: 'open', fr: 'ouverte' },
  'session.ended': { en: 'ended', fr: 'finie' },
  'session.closed': { en: 'closed', fr: 'close' },
  'session.cancelled': { en: 'cancelled', fr: 'annulée' },
  'session.does-not-fit': {
    en: 'does not fit: nothing is prepared for it',
    fr: 'ne tient pas : rien n’est préparé',
  },
  'session.fits-partly': {
    en: 'only {places} of {wanted} places',
    fr: 'seulement {places} places sur {wanted}',
  },

  'course.personal-lacking': {
    en: 'Workspaces start without their student’s personal folder',
    fr: 'Les espaces démarrent sans le dossier personnel de leur étudiant',
  },
  'course.personal-lacking.text': {
    en: 'The server that keeps these folders has to be updated, and the infrastructure team was told. Nothing is lost; students read it on their page, and have their folder again at the first start after that.',
    fr: 'Le serveur qui garde ces dossiers doit être mis à jour, et l’équipe infrastructure est prévenue. Rien n’est perdu ; les étudiants le lisent sur leur page et retrouveront leur dossier au premier démarrage qui suivra.',
  },

  'seat.absent': { en: 'not made', fr: 'non créé' },
  'seat.cold': { en: 'off', fr: 'éteint' },
  'seat.starting': { en: 'starting', fr: 'démarre' },
  'seat.ready': { en: 'ready', fr: 'prêt' },
  'seat.stopping': { en: 'stopping', fr: 's’arrête' },
  'seat.failed': { en: 'failed', fr: 'en échec' },

  'class.closed': { en: 'not open yet', fr: 'pas encore ouvert' },
  'class.queued': { en: 'waits for a place', fr: 'attend une place' },
  'class.starting': { en: 'starting', fr: 'démarre' },
  'class.ready': { en: 'in use', fr: 'utilisé' },
  'class.resetting': { en: 'starting afresh', fr: 'remise à neuf' },
  'class.stopping': { en: 'stopping', fr: 's’arrête' },
  'class.stopped': { en: 'stopped', fr: 'arrêté' },
  'class.failed': { en: 'does not start', fr: 'ne démarre pas' },

  'severity.error': { en: 'Problem', fr: 'Problème' },
  'severity.warning': { en: 'Warning', fr: 'Attention' },
  'severity.info': { en: 'Note', fr: 'Note' },
} satisfies Record<string, Message>
