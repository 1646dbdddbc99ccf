import type { Message } from '../locale.ts'

/** The page of one change. */
export const change = {
  'change.differs': { en: 'What changes', fr: 'Ce qui change' },
  'changes.what': { en: 'What', fr: 'Quoi' },
  'changes.why': { en: 'Why it waits', fr: 'Pourquoi elle attend' },
  'changes.handed-in': { en: 'Handed in', fr: 'Déposée' },
  'changes.decided': { en: 'Decided', fr: 'Décidée' },
  'changes.filter.proposed': { en: 'Waiting', fr: 'En attente' },
  'changes.filter.approved': { en: 'Approved', fr: 'Approuvées' },
  'changes.filter.rejected': { en: 'Rejected', fr: 'Rejetées' },
  'changes.filter.all': { en: 'All', fr: 'Toutes' },
  'change.agreed': { en: '· agreed to', fr: '· acceptée' },
  'change.needs': {
    en: '· needs {count} of: {teams}',
    fr: '· demande {count} parmi : {teams}',
  },
  'change.given': { en: 'Approved {at}, for {teams}.', fr: 'Approuvée {at}, pour {teams}.' },
  'change.given-solo': {
    en: 'Approved {at}, for {teams}, by who proposed it.',
    fr: 'Approuvée {at}, pour {teams}, par qui l’a proposée.',
  },
  'change.deputy': {
    en: 'From {at} on these may decide too: {teams}.',
    fr: 'À partir du {at}, peuvent aussi décider : {teams}.',
  },
  'change.reject': { en: 'Reject', fr: 'Rejeter' },
  'change.reject.reason': {
    en: 'Why? Whoever proposed it reads this.',
    fr: 'Pourquoi ? La personne qui l’a proposée le lira.',
  },
  'change.revert': { en: 'Undo', fr: 'Annuler cette modification' },
  'change.revert.explain': {
    en: 'Makes a new change, to what was approved before. Files and seats in use are not touched.',
    fr: 'Crée une nouvelle modification, vers ce qui était approuvé avant. Fichiers et postes utilisés ne sont pas touchés.',
  },
  'change.open': { en: 'Read it', fr: 'La lire' },
  'change.when': { en: 'When', fr: 'Quand' },
  'change.days': { en: 'Days', fr: 'Jours' },
  'change.at-once': { en: 'At once', fr: 'À la fois' },
  'change.cores': { en: 'Cores', fr: 'Cœurs' },
  'change.memory': { en: 'RAM (GB)', fr: 'RAM (Go)' },
  'change.gpus': { en: 'GPUs', fr: 'GPU' },
  'change.nodes': { en: 'Nodes', fr: 'Machines' },
  'change.no-room': { en: 'no room', fr: 'pas de place' },
  'change.price': { en: 'Price each', fr: 'Prix de chacune' },
  'change.left': { en: 'Cores left', fr: 'Cœurs libres' },
  'change.no-session': { en: 'No session is planned.', fr: 'Aucune séance n’est prévue.' },
  'change.capacity': { en: 'Capacity of {pool}', fr: 'Capacité de {pool}' },
  'change.chart': {
    en: 'Cores asked of {pool} on the fullest day: {before} before, {after} after ({day}), when {there} are there.',
    fr: 'Cœurs demandés à {pool} le jour le plus plein : {before} avant, {after} après ({day}), où {there} sont présents.',
  },
  'change.days-differ': {
    en: { one: '{count} day differs', other: '{count} days differ, each at its fullest hour' },
    fr: {
      one: '{count} jour diffère',
      other: '{count} jours diffèrent, chacun à son heure la plus pleine',
    },
  },
  'change.counts': { en: 'What it does, by stack', fr: 'Ce qu’elle fait, par pile' },
  'change.counts.explain': {
    en: 'Over all that is planned; each is done when its session is due. Files are never taken away by a change.',
    fr: 'Sur tout ce qui est prévu ; chaque action a lieu quand sa séance approche. Une modification n’enlève jamais de fichiers.',
  },
  'change.plans': { en: 'Terraform’s plan', fr: 'Plan de Terraform' },
  'change.plans.explain': {
    en: 'Against what exists now, as it would be when the next class is prepared. Nothing of it is done before the change is approved.',
    fr: 'Par rapport à ce qui existe maintenant, tel qu’il serait à la préparation de la prochaine séance. Rien n’en est fait avant l’accord.',
  },
  'change.plans.none': {
    en: 'It is not made yet: within a few minutes for courses that exist, and with its approval for a new one.',
    fr: 'Il n’est pas encore fait : d’ici quelques minutes pour un cours qui existe, à l’accord pour un nouveau.',
  },
  'change.plans.no-text': {
    en: 'Terraform made no plan to show.',
    fr: 'Terraform n’a fait aucun plan à montrer.',
  },
  'change.plan-counts': {
    en: '{create} to create, {update} to change, {delete} to remove',
    fr: '{create} à créer, {update} à modifier, {delete} à supprimer',
  },
  'change.stack': { en: 'Stack', fr: 'Pile' },
  'change.create': { en: 'Created', fr: 'Créés' },
  'change.update': { en: 'Changed', fr: 'Modifiés' },
  'change.delete': { en: 'Removed', fr: 'Supprimés' },
  'forge.request': { en: 'merge request {number}', fr: 'demande de fusion {number}' },
  'forge.unsaid': {
    en: 'Its merge request is not opened yet.',
    fr: 'Sa demande de fusion n’est pas encore ouverte.',
  },
  'forge.open': { en: 'On the forge:', fr: 'Sur la forge :' },
  'forge.merged': { en: 'Merged on the forge:', fr: 'Fusionnée sur la forge :' },
  'forge.closed': { en: 'Closed on the forge:', fr: 'Fermée sur la forge :' },
  'forge.held': {
    en: 'The forge could not be told: {message} It is told again at {at}; nothing is lost.',
    fr: 'La forge n’a pas pu être informée : {message} Nouvel essai à {at} ; rien n’est perdu.',
  },
  'estate.current': {
    en: 'In Git: {address}, main at {commit}.',
    fr: 'Dans Git : {address}, main à {commit}.',
  },
  'estate.held': {
    en: 'Not written to Git at the moment: {message}',
    fr: 'Pas écrit dans Git pour l’instant : {message}',
  },
} satisfies Record<string, Message>
