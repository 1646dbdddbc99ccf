import type { Message } from '../locale.ts'

/**
 * What the worker and the record say of a seat or a workspace: `CODE` is what happened, `CODE.todo` what to do.
 */
export const seat = {
  'stopped.session_end': {
    en: 'The session is over. Your files are kept.',
    fr: 'La séance est terminée. Vos fichiers sont gardés.',
  },
  'stopped.turn': {
    en: 'Your turn is over, since others wait. Your files are kept; press Start to queue again.',
    fr: 'Votre tour est passé, car d’autres attendent. Vos fichiers sont gardés ; redémarrez pour reprendre la file.',
  },
  'stopped.turn_passed': {
    en: 'It was your turn, and the place passed on to the next in line. Press Start to queue again.',
    fr: 'C’était votre tour, et la place est passée au suivant. Redémarrez pour reprendre la file.',
  },
  'stopped.erasure': {
    en: 'It is being stopped because your data is being erased, as was ordered. Your files go with it.',
    fr: 'Il est arrêté car vos données sont effacées, comme cela a été ordonné. Vos fichiers le sont aussi.',
  },
  'stopped.idle': {
    en: 'It was stopped because nobody worked in it any more. Your files are kept, and you can start it again.',
    fr: 'Il a été arrêté car plus personne n’y travaillait. Vos fichiers sont gardés, et vous pouvez le redémarrer.',
  },
  'stopped.time': {
    en: 'Its time was over. Your files are kept, and you can start it again.',
    fr: 'Son temps était écoulé. Vos fichiers sont gardés, et vous pouvez le redémarrer.',
  },
  'stopped.reservation': {
    en: 'Nobody held it on, so its place went back to the class. Your files are kept, and you can start it again.',
    fr: 'Personne ne l’a retenu : sa place est revenue à la classe. Vos fichiers sont gardés, et vous pouvez le redémarrer.',
  },
  'starting.held': {
    en: 'The people who run the machines have paused this for now, so your environment cannot be made yet. You keep your place, and this page goes on by itself. Your teacher can ask them.',
    fr: 'L’équipe technique a mis ceci en pause : votre environnement ne peut pas encore être créé. Vous gardez votre place et cette page continue d’elle-même. Votre enseignant peut se renseigner auprès d’elle.',
  },
  'starting.held-until': {
    en: 'The people who run the machines have paused this for now. Making your environment resumes {when} at the latest. You keep your place, and this page goes on by itself.',
    fr: 'L’équipe technique a mis ceci en pause. La création de votre environnement reprend {when} au plus tard. Vous gardez votre place et cette page continue d’elle-même.',
  },
  'starting.again': {
    en: 'Your environment ended by itself and is being started again. Your files are kept.',
    fr: 'Votre environnement s’est arrêté de lui-même et redémarre. Vos fichiers sont gardés.',
  },
  'closed.does-not-fit': {
    en: 'The next session of this course cannot be held as planned: the machines have not enough for it.',
    fr: 'La prochaine séance de ce cours ne peut pas se tenir comme prévu : les machines n’y suffisent pas.',
  },
  'closed.does-not-fit.todo': {
    en: 'Ask your teacher what happens instead.',
    fr: 'Demandez à votre enseignant ce qui est prévu.',
  },
  'seat.start_failed': {
    en: 'Your environment did not start.',
    fr: 'Votre environnement n’a pas démarré.',
  },
  'seat.start_failed.todo': {
    en: 'It is tried again by itself. If it is still not there in a few minutes, tell your teacher your seat number.',
    fr: 'Un nouvel essai se fait de lui-même. S’il manque encore dans quelques minutes, donnez votre numéro de poste à votre enseignant.',
  },
  'seat.no_room': {
    en: 'The machines have no room for your environment at the moment.',
    fr: 'Les machines n’ont pas de place pour votre environnement en ce moment.',
  },
  'seat.no_room.todo': {
    en: 'It is tried again by itself, as soon as somebody stops. Tell your teacher if it lasts.',
    fr: 'Un nouvel essai se fait de lui-même dès que quelqu’un s’arrête. Prévenez votre enseignant si cela dure.',
  },
  'seat.no_gpu': {
    en: 'All GPUs are in use at the moment.',
    fr: 'Tous les GPU sont pris en ce moment.',
  },
  'seat.no_gpu.todo': {
    en: 'It is tried again by itself, as soon as somebody stops. Tell your teacher if it lasts.',
    fr: 'Un nouvel essai se fait de lui-même dès que quelqu’un s’arrête. Prévenez votre enseignant si cela dure.',
  },
  'seat.no_files': {
    en: 'The machine could not reach your files, so your environment was not started without them. Nothing is lost.',
    fr: 'La machine n’a pas pu atteindre vos fichiers ; votre environnement n’a donc pas démarré sans eux. Rien n’est perdu.',
  },
  'seat.no_files.todo': {
    en: 'It is tried again by itself. Tell your teacher if it lasts.',
    fr: 'Un nouvel essai se fait de lui-même. Prévenez votre enseignant si cela dure.',
  },
  'seat.no_image': {
    en: 'The machine could not fetch your environment’s image.',
    fr: 'La machine n’a pas pu obtenir l’image de votre environnement.',
  },
  'seat.no_image.todo': {
    en: 'You cannot mend this. Tell your teacher: the image may be missing from the registry.',
    fr: 'Vous n’y pouvez rien. Prévenez votre enseignant : l’image manque peut-être dans le registre.',
  },
  'seat.check_failed': {
    en: 'Your environment runs, but not all its ways in answer.',
    fr: 'Votre environnement fonctionne, mais certains accès ne répondent pas.',
  },
  'seat.check_failed.todo': {
    en: 'It is started again by itself. If it keeps happening, reset it: your files can be kept.',
    fr: 'Il redémarre de lui-même. Si cela persiste, remettez-le à neuf : vos fichiers peuvent être gardés.',
  },
  'failed.unknown': {
    en: 'Your environment did not start.',
    fr: 'Votre environnement n’a pas démarré.',
  },
  'failed.unknown.todo': {
    en: 'It is tried again by itself. If it is still not there in a few minutes, tell your teacher your seat number.',
    fr: 'Un nouvel essai se fait de lui-même. S’il manque encore dans quelques minutes, donnez votre numéro de poste à votre enseignant.',
  },
} satisfies Record<string, Message>
