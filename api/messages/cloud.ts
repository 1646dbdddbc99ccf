import type { Message } from '../locale.ts'

/** Why a cloud refused (stacks/rules/cloud-trouble.ts): `X` what happened, `X.do` what to do. Quotas are named as the cloud names them. */
export const cloud = {
  'cloud.trouble.quota': {
    en: 'The quota “{resource}” of the project is used up: {asked} more asked for, {used} of {limit} in use.',
    fr: 'Le quota « {resource} » du projet est épuisé : demandé en plus {asked}, utilisé {used} sur {limit}.',
  },
  'cloud.trouble.quota.do': {
    en: 'Have “{resource}” raised to at least {needed} ({missing} more), or let fewer machines be bought at once (maximum in pools.yaml).',
    fr: 'Faites porter « {resource} » à {needed} au moins ({missing} de plus), ou limitez les machines achetées en même temps (maximum dans pools.yaml).',
  },
  'cloud.trouble.quota-reached': {
    en: 'The quota “{resource}” of the project is used up; the cloud does not say by how much.',
    fr: 'Le quota « {resource} » du projet est épuisé ; le nuage ne dit pas de combien.',
  },
  'cloud.trouble.quota-reached.do': {
    en: 'Have “{resource}” raised, or remove what nobody needs in the project.',
    fr: 'Faites relever « {resource} », ou supprimez ce qui ne sert plus dans le projet.',
  },
  'cloud.trouble.no-valid-host': {
    en: 'The cloud has no host with room for the machine: its hosts are full, closed, or none offers this size.',
    fr: 'Le nuage n’a aucun hôte pour la machine : ils sont pleins, fermés, ou aucun n’offre cette taille.',
  },
  'cloud.trouble.no-valid-host.do': {
    en: 'It is tried again. If it lasts: ask who runs the cloud, or give the pool another size or availability zone.',
    fr: 'Un nouvel essai suit. Si cela dure : voyez avec l’exploitant du nuage, ou donnez au pool une autre taille ou une autre zone.',
  },
  'cloud.trouble.build-failed': {
    en: 'A host of the cloud began the machine and gave up: {reason}',
    fr: 'Un hôte du nuage a commencé la machine puis abandonné : {reason}',
  },
  'cloud.trouble.build-failed.do': {
    en: 'It is made anew. If it lasts: send this sentence to who runs the cloud.',
    fr: 'Elle est refaite. Si cela dure : transmettez cette phrase à l’exploitant du nuage.',
  },
  'cloud.trouble.image-missing': {
    en: 'The cloud has no image “{name}” that this project may use.',
    fr: 'Le nuage n’a pas d’image « {name} » que ce projet puisse utiliser.',
  },
  'cloud.trouble.image-missing.do': {
    en: 'Upload it (docs/pools.md, “The image of nodes”), share it with the project, or correct “image” in pools.yaml.',
    fr: 'Déposez-la (docs/pools.md, « The image of nodes »), partagez-la avec le projet, ou corrigez « image » dans pools.yaml.',
  },
  'cloud.trouble.flavour-missing': {
    en: 'The cloud has no size “{name}” that this project may use.',
    fr: 'Le nuage n’a pas de taille « {name} » que ce projet puisse utiliser.',
  },
  'cloud.trouble.flavour-missing.do': {
    en: 'Correct the “name” of the flavour in pools.yaml: openstack flavor list shows those there are.',
    fr: 'Corrigez le « name » de la taille dans pools.yaml : openstack flavor list montre celles qui existent.',
  },
  'cloud.trouble.network-missing': {
    en: 'The cloud has no network “{name}” that this project may use.',
    fr: 'Le nuage n’a pas de réseau « {name} » que ce projet puisse utiliser.',
  },
  'cloud.trouble.network-missing.do': {
    en: 'Correct “externalNetwork” in pools.yaml: openstack network list --external shows those there are.',
    fr: 'Corrigez « externalNetwork » dans pools.yaml : openstack network list --external montre ceux qui existent.',
  },
  'cloud.trouble.base-missing': {
    en: 'A network, group or server group that Labplan made for the pool is there no more: somebody removed it.',
    fr: 'Un réseau, un groupe ou un groupe de serveurs créé par Labplan pour le pool a disparu : quelqu’un l’a supprimé.',
  },
  'cloud.trouble.base-missing.do': {
    en: 'See labplan drift, and who else may remove things in the project.',
    fr: 'Voyez labplan drift, et qui d’autre peut supprimer des choses dans le projet.',
  },
  'cloud.trouble.zone-missing': {
    en: 'The cloud has no such availability zone, or does not open it to this project: {name}.',
    fr: 'Le nuage n’a pas cette zone de disponibilité, ou ne l’ouvre pas à ce projet : {name}.',
  },
  'cloud.trouble.zone-missing.do': {
    en: 'Correct “availabilityZones” in pools.yaml: openstack availability zone list shows those there are.',
    fr: 'Corrigez « availabilityZones » dans pools.yaml : openstack availability zone list montre celles qui existent.',
  },
  'cloud.trouble.credential': {
    en: 'The cloud does not accept the pool’s credential: it is wrong, withdrawn or expired, or its project is closed.',
    fr: 'Le nuage refuse l’accès du pool : il est faux, retiré ou expiré, ou son projet est fermé.',
  },
  'cloud.trouble.credential.do': {
    en: 'Make a new application credential, source its openrc file and run labplan pool credential POOL: it is tried at once.',
    fr: 'Créez un nouvel accès d’application, chargez son fichier openrc et lancez labplan pool credential POOL : l’essai est immédiat.',
  },
  'cloud.trouble.not-allowed': {
    en: 'The cloud knows the pool’s credential and does not allow it this: {reason}',
    fr: 'Le nuage reconnaît l’accès du pool mais ne lui permet pas ceci : {reason}',
  },
  'cloud.trouble.not-allowed.do': {
    en: 'The credential must be that of an ordinary member of the project, with no access rules that restrict it.',
    fr: 'L’accès doit être celui d’un membre ordinaire du projet, sans règles qui le restreignent.',
  },
  'cloud.trouble.rate-limit': {
    en: 'The cloud was asked too often and asks for patience.',
    fr: 'Le nuage a été trop sollicité et demande de patienter.',
  },
  'cloud.trouble.rate-limit.do': {
    en: 'Nothing to do: Labplan waits longer each time, at most half an hour. If it lasts, have the limit of the project raised.',
    fr: 'Rien à faire : Labplan attend à chaque fois plus longtemps, une demi-heure au plus. Si cela dure, faites relever la limite du projet.',
  },
  'cloud.trouble.region-down': {
    en: 'The cloud does not answer: {what}.',
    fr: 'Le nuage ne répond pas : {what}.',
  },
  'cloud.trouble.region-down.do': {
    en: 'It is tried again every few minutes. See whether the region is down, or whether the worker’s network leads there.',
    fr: 'Un nouvel essai suit toutes les quelques minutes. Voyez si la région est en panne, ou si le réseau du worker y mène.',
  },
  'cloud.trouble.region-unknown': {
    en: 'The cloud’s catalogue has no such region, or lacks a service there. {what}',
    fr: 'Le catalogue du nuage n’a pas cette région, ou il y manque un service. {what}',
  },
  'cloud.trouble.region-unknown.do': {
    en: 'Correct the “name” of the region in pools.yaml: openstack catalog list shows those there are.',
    fr: 'Corrigez le « name » de la région dans pools.yaml : openstack catalog list montre celles qui existent.',
  },
  'cloud.asked-by': {
    en: 'Asked for by {course}, class {startsAt}, {students} students.',
    fr: 'Demandé par {course}, séance prévue {startsAt}, {students} étudiants.',
  },
  'cloud.asked-by.more': {
    en: { one: 'And by {count} more class.', other: 'And by {count} more classes.' },
    fr: { one: 'Et par {count} autre séance.', other: 'Et par {count} autres séances.' },
  },
  'cloud.asked-by.nobody': {
    en: 'No class waits for it: these are machines that the pool keeps on, or that go.',
    fr: 'Aucune séance ne l’attend : ce sont des machines que le pool garde allumées, ou qui partent.',
  },
  'cloud.elsewhere': {
    en: 'Until region {region} takes machines again, machines of sizes that name no region are made in {others}. Those that are there stay.',
    fr: 'Tant que la région {region} refuse, les machines des tailles sans région imposée sont créées dans {others}. Celles qui existent restent.',
  },
  'cloud.waits-for-region': {
    en: 'Machines wanted in region {region} wait for it: no other that does not refuse may have their sizes (whenRegionRefuses in pools.yaml).',
    fr: 'Les machines prévues dans la région {region} l’attendent : aucune autre qui réponde ne peut avoir leurs tailles (whenRegionRefuses dans pools.yaml).',
  },
  'cloud.tried-again': { en: 'Tried again {when}.', fr: 'Nouvel essai {when}.' },
  'cloud.said': { en: 'What the cloud said', fr: 'Ce que le nuage a dit' },

  'notice.cloud-trouble': {
    en: 'Labplan: the cloud of pool {pool} refuses',
    fr: 'Labplan : le nuage du pool {pool} refuse',
  },
  'notice.cloud-trouble.text': {
    en: 'Machines of the pool could not be brought to what is planned ({stack}).',
    fr: 'Les machines du pool n’ont pas pu être mises en conformité avec le plan ({stack}).',
  },
} satisfies Record<string, Message>
