import type { Message } from '../locale.ts'

/**
 * What the worker and the record say of a seat or a workspace: `CODE` is what happened, `CODE.todo` what to do.
 */
export const seat = {
  'stopped.session_end': {
    en: 'The session is over. Your files are kept.',
    fr: 'La séance est terminée. Vos fichiers sont gardés.',
  },
  'starting.again': {
    en: 'Your environment ended by itself and is being started again. Your files are kept.',
    fr: 'Votre environnement s’est arrêté de lui-même et redémarre. Vos fichiers sont gardés.',
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
