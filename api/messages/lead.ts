import type { Message } from '../locale.ts'

/** Why preparing a class begins when it does. */
export const lead = {
  'lead.next': {
    en: 'Preparing the next class begins at {time}. Why then?',
    fr: 'La préparation de la prochaine séance commence à {time}. Pourquoi ?',
  },
  'lead.early-failed': { en: 'would fail as things are', fr: 'échouerait en l’état' },
  'lead.early-passed': { en: 'planned ahead: it works', fr: 'planifiée d’avance : ça marche' },
  'lead.early-unsure': {
    en: 'planned ahead: nothing against it, not all is known',
    fr: 'planifiée d’avance : rien ne s’y oppose, tout n’est pas connu',
  },
  'lead.like-it': {
    en: 'Preparation begins {begin} minutes before class, to be ready {ready} minutes before. Of {count} classes like it, nineteen of twenty took at most {plan} s to plan, {apply} s to make and {warm} s to start, with {wait} s of waiting for others; half as much again and two minutes are added.',
    fr: 'La préparation commence {begin} minutes avant la séance, pour être prête {ready} minutes avant. Sur {count} séances semblables, dix-neuf sur vingt ont pris au plus {plan} s de plan, {apply} s de création et {warm} s de démarrage, plus {wait} s d’attente des autres ; on ajoute la moitié et deux minutes.',
  },
  'lead.its-size': {
    en: 'Preparation begins {begin} minutes before class, to be ready {ready} minutes before. This environment has too few classes to learn from yet; of {count} classes of its size with others, nineteen of twenty took at most {plan} s to plan and {apply} s to make, and {warm} s to start are counted, with {wait} s of waiting for others; half as much again and two minutes are added.',
    fr: 'La préparation commence {begin} minutes avant la séance, pour être prête {ready} minutes avant. Cet environnement a encore trop peu de séances pour en apprendre ; sur {count} séances de cette taille avec d’autres, dix-neuf sur vingt ont pris au plus {plan} s de plan et {apply} s de création, et {warm} s de démarrage sont comptées, plus {wait} s d’attente des autres ; on ajoute la moitié et deux minutes.',
  },
  'lead.none': {
    en: 'Preparation begins {begin} minutes before class, as the policy says, to be ready {ready} minutes before. There are too few classes like it to learn from yet ({count}); such a class is supposed to take {plan} s to plan, {apply} s to make and {warm} s to start, with {wait} s of waiting for others.',
    fr: 'La préparation commence {begin} minutes avant la séance, comme le dit la politique, pour être prête {ready} minutes avant. Il y a encore trop peu de séances semblables pour en apprendre ({count}) ; on en suppose {plan} s de plan, {apply} s de création et {warm} s de démarrage, plus {wait} s d’attente des autres.',
  },
  'lead.others': {
    en: {
      one: 'One other seat is started for the same hour, which is counted in.',
      other: '{count} other seats are started for the same hour, which is counted in.',
    },
    fr: {
      one: 'Un autre poste démarre pour la même heure ; c’est compté.',
      other: '{count} autres postes démarrent pour la même heure ; c’est compté.',
    },
  },
  'lead.capped': {
    en: 'That asks for {asked} minutes, more than the policy reserves: set leadMinutes to {asked} in the policy.',
    fr: 'Cela demande {asked} minutes, plus que ce que la politique réserve : y mettre leadMinutes à {asked}.',
  },
} satisfies Record<string, Message>
