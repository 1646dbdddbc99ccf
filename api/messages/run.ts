import type { Message } from '../locale.ts'

/** Runs of Terraform: their list and their pages. */
export const run = {
  'run.kind.plan': { en: 'plan', fr: 'plan' },
  'run.kind.apply': { en: 'apply', fr: 'application' },
  'run.kind.destroy': { en: 'destroy', fr: 'destruction' },

  'run.state.preparing': { en: 'preparing', fr: 'préparation' },
  'run.state.planning': { en: 'planning', fr: 'planification' },
  'run.state.planned': { en: 'planned', fr: 'planifiée' },
  'run.state.applying': { en: 'applying', fr: 'application' },
  'run.state.applied': { en: 'applied', fr: 'appliquée' },
  'run.state.held': { en: 'held', fr: 'retenue' },
  'run.state.failed': { en: 'failed', fr: 'échouée' },
  'run.state.cancelled': { en: 'cancelled', fr: 'annulée' },
  'run.state.cancelling': { en: 'being cancelled', fr: 'en cours d’annulation' },
  'run.state.needs_reconcile': { en: 'end unknown', fr: 'fin inconnue' },

  'run.filter.all': { en: 'All', fr: 'Toutes' },
  'run.filter.under-way': { en: 'Under way', fr: 'En cours' },
  'run.filter.trouble': { en: 'In trouble', fr: 'En difficulté' },
  'run.filter.cancelled': { en: 'Cancelled', fr: 'Annulées' },
  'run.filter.applied': { en: 'Applied', fr: 'Appliquées' },
  'run.history-of': { en: 'Only those of {stack}.', fr: 'Seulement celles de {stack}.' },
  'run.history.all': { en: 'Of all stacks', fr: 'De toutes les stacks' },
  'run.history': { en: 'History of this stack', fr: 'Historique de cette stack' },

  'run.headline.preparing': {
    en: 'Looks at what exists, {time} now.',
    fr: 'Examine ce qui existe, depuis {time}.',
  },
  'run.headline.planning': {
    en: 'Terraform plans, {time} now.',
    fr: 'Terraform planifie, depuis {time}.',
  },
  'run.headline.planned': {
    en: 'The plan is checked, {time} now.',
    fr: 'Le plan est vérifié, depuis {time}.',
  },
  'run.headline.only-planned': {
    en: 'Planned ahead of time in {time}, to see whether it would work; nothing was applied. It would create {created}, change {changed} and remove {removed}.',
    fr: 'Planifié d’avance en {time}, pour voir si cela marcherait ; rien n’a été appliqué. Créations : {created}, modifications : {changed}, suppressions : {removed}.',
  },
  'run.headline.applying': {
    en: {
      one: '{count} of {total} changes is made, {time} now.',
      other: '{count} of {total} changes are made, {time} now.',
    },
    fr: {
      one: '{count} changement fait sur {total}, depuis {time}.',
      other: '{count} changements faits sur {total}, depuis {time}.',
    },
  },
  'run.headline.applied': {
    en: 'Done in {time}: {created} created, {changed} changed, {removed} removed.',
    fr: 'Terminé en {time} : {created} créés, {changed} modifiés, {removed} supprimés.',
  },
  'run.headline.nothing': {
    en: 'Done in {time}: there was nothing to change.',
    fr: 'Terminé en {time} : il n’y avait rien à changer.',
  },
  'run.headline.held': {
    en: 'Held after {time}: a person has to look, or it waits for running seats.',
    fr: 'Retenue après {time} : quelqu’un doit regarder, ou elle attend des postes en marche.',
  },
  'run.headline.failed': {
    en: 'Failed after {time}. It is tried again by itself, slower each time.',
    fr: 'Échec après {time}. Une nouvelle tentative part d’elle-même, de plus en plus espacée.',
  },
  'run.headline.cancelling': {
    en: 'Is being cancelled: Terraform ends the calls it is in and saves its state.',
    fr: 'En cours d’annulation : Terraform termine ses appels en cours et enregistre son état.',
  },
  'run.headline.cancelled': { en: 'Cancelled after {time}.', fr: 'Annulée après {time}.' },
  'run.headline.needs_reconcile': {
    en: 'Its end is not known. The next run finds out what exists and goes on.',
    fr: 'Sa fin est inconnue. L’exécution suivante constate ce qui existe et reprend.',
  },

  'run.pool': { en: 'pool {pool}', fr: 'pool {pool}' },
  'run.worker': { en: 'worker {worker}', fr: 'worker {worker}' },
  'run.waits': {
    en: 'This stack now waits until somebody retries it or something else is wanted of it.',
    fr: 'Cette stack attend que quelqu’un la relance ou qu’autre chose en soit attendu.',
  },
  'run.waits.until': {
    en: 'This stack now waits until somebody retries it or something else is wanted of it, and resumes by itself {when}.',
    fr: 'Cette stack attend que quelqu’un la relance ou qu’autre chose en soit attendu, et reprend d’elle-même {when}.',
  },

  'run.cancel': { en: 'Cancel the run', fr: 'Annuler l’exécution' },
  'run.cancel.explain': {
    en: 'What is made by then stays recorded. The stack then waits until somebody retries it or something else is wanted of it; a destroy goes on by itself after 10 minutes.',
    fr: 'Ce qui est fait d’ici là reste enregistré. La stack attend ensuite que quelqu’un la relance ou qu’autre chose en soit attendu ; une destruction reprend d’elle-même après 10 minutes.',
  },
  'run.cancel.ended': { en: 'The run is over.', fr: 'L’exécution est finie.' },
  'run.cancel.asked': { en: 'It is being cancelled.', fr: 'Elle est en cours d’annulation.' },
  'run.retry': { en: 'Try again now', fr: 'Relancer maintenant' },
  'run.retry.explain': {
    en: 'Starts a new run of this stack at once, from what exists.',
    fr: 'Lance aussitôt une nouvelle exécution de cette stack, à partir de ce qui existe.',
  },
  'run.retry.under-way': {
    en: 'A run of this stack is under way.',
    fr: 'Une exécution de cette stack est en cours.',
  },
  'run.retry.frozen': {
    en: 'It is frozen: the list of runs says why and until when.',
    fr: 'Elle est gelée : la liste des exécutions dit pourquoi et jusqu’à quand.',
  },
  'run.retry.as-wanted': {
    en: 'The stack is as wanted: there is nothing to try.',
    fr: 'La stack est comme attendu : il n’y a rien à relancer.',
  },

  'run.waiting': { en: 'Stacks that wait', fr: 'Stacks en attente' },
  'run.waiting.frozen': { en: 'held by a freeze', fr: 'retenue par un gel' },
  'run.waiting.cancelled': { en: 'waits after a cancelled run', fr: 'attend après une annulation' },
  'run.waiting.failed': { en: 'waits to be tried again', fr: 'attend une nouvelle tentative' },
  'run.waiting.queued': { en: 'runs next', fr: 'passe bientôt' },
  'run.waiting.until': { en: 'Until', fr: 'Jusqu’au' },
  'run.waiting.reason': { en: 'Reason', fr: 'Raison' },
  'freeze.everywhere': { en: 'everywhere', fr: 'partout' },
  'freeze.in-pool': { en: 'in pool {pool}', fr: 'dans le pool {pool}' },
  'freeze.applies': {
    en: 'Applies are frozen {where}: {reason}. They resume {until}. Seats that exist are still turned on and off.',
    fr: 'Les applications sont gelées {where} : {reason}. Elles reprennent {until}. Les postes qui existent s’allument et s’éteignent toujours.',
  },
  'freeze.destroys': {
    en: 'Destroys are frozen {where}: {reason}. They resume {until}. No seat is removed meanwhile.',
    fr: 'Les destructions sont gelées {where} : {reason}. Elles reprennent {until}. Aucun poste n’est supprimé d’ici là.',
  },
  'freeze.both': {
    en: 'Applies and destroys are frozen {where}: {reason}. They resume {until}. Seats that exist are still turned on and off.',
    fr: 'Les applications et les destructions sont gelées {where} : {reason}. Elles reprennent {until}. Les postes qui existent s’allument et s’éteignent toujours.',
  },

  'run.states': { en: 'States', fr: 'États' },
  'run.since': { en: 'Since', fr: 'Depuis' },
  'run.steps': { en: 'Steps', fr: 'Étapes' },
  'run.resources': { en: 'Resources', fr: 'Ressources' },
  'run.said': { en: 'What was said', fr: 'Messages' },
  'run.what': { en: 'What', fr: 'Quoi' },
  'run.when': { en: 'When', fr: 'Quand' },
  'run.outcome': { en: 'Outcome', fr: 'Issue' },
  'run.outcome.done': { en: 'done', fr: 'fait' },
  'run.outcome.under-way': { en: 'under way', fr: 'en cours' },
  'run.outcome.interrupted': { en: 'interrupted', fr: 'interrompue' },
  'run.outcome.failed': { en: 'failed', fr: 'échec' },
  'run.outcome.applied': { en: 'as wanted', fr: 'comme attendu' },
  'run.outcome.held': { en: 'held', fr: 'retenue' },
  'run.outcome.cancelled': { en: 'cancelled', fr: 'annulée' },
  'run.outcome.needs_reconcile': { en: 'not as planned', fr: 'pas comme prévu' },
  'run.action.create': { en: 'create', fr: 'créer' },
  'run.action.update': { en: 'update', fr: 'modifier' },
  'run.action.delete': { en: 'delete', fr: 'supprimer' },
  'run.step.recover': { en: 'take up states left behind', fr: 'reprendre les états laissés' },
  'run.step.survey': { en: 'look at what exists', fr: 'constater ce qui existe' },
  'run.step.before': {
    en: 'cool seats down, make secrets',
    fr: 'refroidir les postes, faire les secrets',
  },
  'run.step.prepare': { en: 'render', fr: 'produire la configuration' },
  'run.step.plan': { en: 'plan', fr: 'planifier' },
  'run.step.guard': { en: 'check the plan', fr: 'vérifier le plan' },
  'run.step.apply': { en: 'apply', fr: 'appliquer' },
  'run.step.verify': { en: 'count again', fr: 'recompter' },
} satisfies Record<string, Message>
