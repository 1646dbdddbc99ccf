import type { Message } from '../locale.ts'

/** What was on a student's disk before a reset. */
export const former = {
  'former.title': { en: 'Before your reset', fr: 'Avant votre remise à neuf' },
  'former.kept-until': {
    en: 'What was on your disk before the reset of {when} is kept until {until}.',
    fr: 'Ce qui était sur votre disque avant la remise à neuf du {when} est gardé jusqu’au {until}.',
  },
  'former.kept': {
    en: 'What was on your disk before the reset of {when} is kept.',
    fr: 'Ce qui était sur votre disque avant la remise à neuf du {when} est gardé.',
  },
  'former.others': {
    en: {
      one: '{count} earlier state is kept as well.',
      other: '{count} earlier states are kept as well.',
    },
    fr: {
      one: '{count} état plus ancien est gardé aussi.',
      other: '{count} états plus anciens sont gardés aussi.',
    },
  },
  'former.open': {
    en: 'Look at it, download it or bring it back',
    fr: 'Le consulter, le télécharger ou le récupérer',
  },
  'former.list': { en: 'Before a reset', fr: 'Avant une remise à neuf' },
  'former.list.explain': {
    en: 'What was on your disk when you started afresh: look, download, or bring it back. It takes nothing of your disk.',
    fr: 'Ce qui était sur votre disque quand vous êtes reparti de zéro : regardez, téléchargez ou récupérez. Cela ne prend rien sur votre disque.',
  },
  'former.before': { en: 'before {when}', fr: 'avant le {when}' },
  'former.seen': {
    en: 'This is what was on your disk before the reset of {when}. Nothing in it can be changed.',
    fr: 'Voici ce qui était sur votre disque avant la remise à neuf du {when}. Rien ne peut y être modifié.',
  },
  'former.bring-back': {
    en: 'Bring back what was before the reset',
    fr: 'Récupérer ce qui était là avant la remise à neuf',
  },
  'former.bring-back.explain': {
    en: 'What is on your disk now stays as it is: what comes back is put beside it, and where a name is taken it has the date of the reset in its name. It counts on your disk.',
    fr: 'Ce qui est sur votre disque à présent reste tel quel : ce qui revient est mis à côté et, si le nom est pris, porte la date de la remise à neuf dans son nom. Cela compte sur votre disque.',
  },
  'former.not-there': {
    en: 'What was on your disk before the reset of {when} cannot be reached at the moment. Tell your teacher if it lasts: the machines’ administrators have to look at it.',
    fr: 'Ce qui était sur votre disque avant la remise à neuf du {when} n’est pas accessible pour l’instant. Si cela dure, dites-le à votre enseignant : les administrateurs des machines doivent intervenir.',
  },
  'former.not-yet': {
    en: 'It can be brought back once your new disk is there.',
    fr: 'Vous pourrez le récupérer quand votre nouveau disque sera là.',
  },
} satisfies Record<string, Message>
