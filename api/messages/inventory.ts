import type { Message } from '../locale.ts'

/** The inventory: what exists, what is off, and what is done about it. */
export const inventory = {
  'inventory.exists': { en: 'What exists', fr: 'Ce qui existe' },
  'inventory.looked': { en: 'Looked at {when}.', fr: 'Vu le {when}.' },
  'inventory.never': {
    en: 'Nobody has looked yet: the worker looks once a minute. Is it running? labplan doctor',
    fr: 'Personne n’a encore regardé : le worker regarde une fois par minute. Tourne-t-il ? labplan doctor',
  },
  'inventory.late': {
    en: 'The last look was at {when}: the worker looks once a minute. Is it running? labplan doctor',
    fr: 'Dernier regard le {when} : le worker regarde une fois par minute. Tourne-t-il ? labplan doctor',
  },
  'inventory.off': { en: 'What is off', fr: 'Ce qui cloche' },
  'inventory.off.none': {
    en: 'Nothing: what exists is what should.',
    fr: 'Rien : ce qui existe est ce qui doit exister.',
  },
  'inventory.resolved': { en: 'Right again', fr: 'Rentré dans l’ordre' },
  'inventory.resolved.none': { en: 'Nothing yet.', fr: 'Rien encore.' },
  'inventory.what': { en: 'What', fr: 'Quoi' },
  'inventory.why': { en: 'Why', fr: 'Pourquoi' },
  'inventory.since': { en: 'Since', fr: 'Depuis' },
  'inventory.until': { en: 'Until', fr: 'Jusqu’à' },
  'inventory.repair': { en: 'What is done', fr: 'Ce qui est fait' },
  'inventory.on': {
    en: '({count} on)',
    fr: { one: '({count} allumé)', other: '({count} allumés)' },
  },

  'object.service': { en: 'services', fr: 'services' },
  'object.task': { en: 'running tasks', fr: 'tâches en marche' },
  'object.volume': { en: 'volumes', fr: 'volumes' },
  'object.secret': { en: 'secrets', fr: 'secrets' },
  'object.network': { en: 'networks', fr: 'réseaux' },
  'object.container': { en: 'containers by hand', fr: 'conteneurs à la main' },

  'finding.kind.leaked': { en: 'leaked', fr: 'oublié' },
  'finding.kind.missing': { en: 'missing', fr: 'manquant' },
  'finding.kind.altered': { en: 'altered', fr: 'modifié' },
  'finding.kind.strange': { en: 'strange', fr: 'étrange' },

  'finding.in-no-state': {
    en: 'Ours by its labels, but no stack’s state knows it: a run that died made it.',
    fr: 'À nous d’après ses étiquettes, mais aucun état ne le connaît : une exécution morte l’a créé.',
  },
  'finding.runs-in-no-state': {
    en: 'Ours by its labels, in no stack’s state, and it runs: somebody may be in it.',
    fr: 'À nous d’après ses étiquettes, dans aucun état, et il tourne : quelqu’un y est peut-être.',
  },
  'finding.used-by-nobody': {
    en: 'No service uses this secret, and no seat is about to.',
    fr: 'Aucun service n’utilise ce secret, et aucun poste ne va l’utiliser.',
  },
  'finding.data-purged': {
    en: 'Docker’s object of a version of a course’s data that was purged: no files are behind it.',
    fr: 'L’objet Docker d’une version des données d’un cours, purgée : il n’y a plus de fichiers derrière.',
  },
  'finding.not-there': {
    en: 'Its stack’s state holds it, but it is gone: somebody removed it.',
    fr: 'L’état de son stack le contient, mais il a disparu : quelqu’un l’a supprimé.',
  },
  'finding.volume-not-there': {
    en: 'Its stack’s state holds this volume, but it is gone, with the files in it. Restore it from a backup of the node.',
    fr: 'L’état de son stack contient ce volume, mais il a disparu, avec ses fichiers. Restaurez-le d’une sauvegarde du nœud.',
  },
  'finding.network-not-there': {
    en: 'No seat can start without it. Make it again: scripts/up, or scripts/network up on each node.',
    fr: 'Aucun poste ne démarre sans lui. Recréez-le : scripts/up, ou scripts/network up sur chaque nœud.',
  },
  'finding.differs': {
    en: 'Not what was applied: {what}.',
    fr: 'Pas ce qui a été appliqué : {what}.',
  },
  'finding.should-be-off': {
    en: 'It is turned on, and should be off.',
    fr: 'Il est allumé et devrait être éteint.',
  },
  'finding.should-be-on': {
    en: 'It is turned off, and somebody should be able to work in it.',
    fr: 'Il est éteint, et quelqu’un devrait pouvoir y travailler.',
  },
  'finding.not-as-we-name': {
    en: 'It carries our label or name, but not as we write them: made by hand, or by somebody else.',
    fr: 'Il porte notre étiquette ou notre nom, mais pas comme nous les écrivons : créé à la main, ou par d’autres.',
  },
  'finding.volume-of-no-seat': {
    en: 'A volume of a seat that is not in the record. Files may be in it.',
    fr: 'Volume d’un poste qui n’est pas enregistré. Il contient peut-être des fichiers.',
  },
  'finding.container-by-hand': {
    en: 'A container with our label that no service started.',
    fr: 'Conteneur à notre étiquette qu’aucun service n’a démarré.',
  },

  'repair.run': {
    en: 'Its stack is run again, and puts it right.',
    fr: 'Son stack est exécuté de nouveau et le remet en ordre.',
  },
  'repair.remove': {
    en: 'Removed: no stack claims it.',
    fr: 'Supprimé : aucun stack ne le revendique.',
  },
  'repair.driver': {
    en: 'The seat driver turns it as it should be.',
    fr: 'Le pilote des postes le remet comme il doit être.',
  },
  'repair.wait': {
    en: 'It runs: its stack is run when it is off.',
    fr: 'Il tourne : son stack sera exécuté quand il sera éteint.',
  },
  'repair.none': {
    en: 'Nothing: it is kept. Somebody must look.',
    fr: 'Rien : il est gardé. Quelqu’un doit regarder.',
  },
} satisfies Record<string, Message>
