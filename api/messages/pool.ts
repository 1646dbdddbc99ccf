import type { Message } from '../locale.ts'

/** A pool: its machines, what runs there, plan beside reality. */
export const pool = {
  'pool.back': { en: 'All pools', fr: 'Tous les pools' },
  'pool.nodes': { en: 'Machines', fr: 'Machines' },
  'pool.nodes.none': {
    en: 'No machine now: none is needed at this hour, or none has joined yet.',
    fr: 'Aucune machine : il n’en faut aucune à cette heure, ou aucune n’a encore rejoint.',
  },
  'pool.regions': { en: 'Regions', fr: 'Régions' },
  'pool.region': { en: 'Region', fr: 'Région' },
  'pool.region.well': { en: 'open', fr: 'ouverte' },
  'pool.region.refuses': { en: 'refuses', fr: 'refuse' },
  'pool.region.since': {
    en: '{region} refuses since {when}: {what}',
    fr: '{region} refuse depuis {when} : {what}',
  },
  'pool.node': { en: 'Machine', fr: 'Machine' },
  'pool.since': { en: 'Since', fr: 'Depuis' },
  'pool.seats': { en: 'Seats', fr: 'Postes' },
  'pool.cores': { en: 'Cores reserved', fr: 'Cœurs réservés' },
  'pool.memory': { en: 'Memory reserved', fr: 'Mémoire réservée' },
  'pool.why': { en: 'On for', fr: 'Raison' },
  'pool.gpus': { en: 'GPUs given', fr: 'GPU attribués' },
  'pool.share': { en: '{used} of {all}', fr: '{used} sur {all}' },
  'pool.share.gb': { en: '{used} of {all} GB', fr: '{used} sur {all} Go' },
  'pool.volumes': { en: 'Volumes', fr: 'Volumes' },
  'pool.volumes.none': {
    en: 'No volume yet: a course’s are made with its first seats here.',
    fr: 'Aucun volume pour l’instant : ceux d’un cours sont créés ici avec ses premiers postes.',
  },
  'pool.volumes.count': { en: 'How many', fr: 'Nombre' },
  'pool.volumes.former': {
    en: { one: '({count} of before a reset)', other: '({count} of before a reset)' },
    fr: {
      one: '(dont {count} d’avant une remise à neuf)',
      other: '(dont {count} d’avant une remise à neuf)',
    },
  },
  'pool.volumes.used': { en: 'Used of the limits', fr: 'Utilisé sur les limites' },
  'pool.volumes.no-limit': { en: 'no limit, not measured', fr: 'sans limite, non mesuré' },
  'pool.volumes.fullest': { en: 'Fullest', fr: 'Le plus plein' },
  'pool.volumes.percent': { en: '{percent} %', fr: '{percent} %' },
  'pool.volumes.personal': { en: 'Students’ own folders', fr: 'Dossiers personnels des étudiants' },
  'pool.volumes.fine': { en: 'nothing amiss', fr: 'rien à signaler' },
  'pool.volumes.missing': {
    en: { one: '{count} missing', other: '{count} missing' },
    fr: { one: '{count} absent', other: '{count} absents' },
  },
  'pool.volumes.damaged': {
    en: { one: '{count} damaged', other: '{count} damaged' },
    fr: { one: '{count} endommagé', other: '{count} endommagés' },
  },
  'pool.volumes.full': {
    en: { one: '{count} full', other: '{count} full' },
    fr: { one: '{count} plein', other: '{count} pleins' },
  },
  'pool.volumes.nearly': {
    en: { one: '{count} almost full', other: '{count} almost full' },
    fr: { one: '{count} presque plein', other: '{count} presque pleins' },
  },
  'pool.volumes.wanted': {
    en: { one: '{count} being made', other: '{count} being made' },
    fr: { one: '{count} en création', other: '{count} en création' },
  },
  'pool.volumes.more': {
    en: { one: 'And {count} more course.', other: 'And {count} more courses.' },
    fr: { one: 'Et encore {count} cours.', other: 'Et encore {count} cours.' },
  },
  'pool.volumes.each': { en: 'Each volume by itself:', fr: 'Chaque volume, un par un :' },
  'pool.timeline': { en: 'Planned and there', fr: 'Prévu et réel' },
  'pool.timeline.text': {
    en: 'Machines there now: {there}; planned: {planned}, and at most {most} in the next 24 hours.',
    fr: 'Machines présentes : {there} ; prévues : {planned}, et au plus {most} dans les 24 heures qui viennent.',
  },
  'pool.timeline.none': {
    en: 'Nothing planned from 12 hours ago to 24 hours ahead.',
    fr: 'Rien de prévu, des 12 dernières heures aux 24 prochaines.',
  },
  'pool.planned': { en: 'planned', fr: 'prévues' },
  'pool.there': { en: 'there', fr: 'réelles' },
  'pool.cost': {
    en: '{price} {currency} for {hours} machine hours in the last 30 days.',
    fr: '{price} {currency} pour {hours} heures de machine sur les 30 derniers jours.',
  },
  'pool.trouble': { en: '{stack}: {message}', fr: '{stack} : {message}' },
  'pool.no-credential': {
    en: 'Nobody has said how its cloud is entered: source the cloud’s openrc file and run labplan pool credential {pool}.',
    fr: 'Personne n’a dit comment entrer dans son nuage : chargez le fichier openrc du nuage et lancez labplan pool credential {pool}.',
  },
  'pool.storage-away': {
    en: 'The storage of its volumes ({backend}) does not answer since {when}: {reason}. Seats that run wait for it and go on by themselves; none is started or stopped until it is back.',
    fr: 'Le stockage de ses volumes ({backend}) ne répond plus depuis {when} : {reason}. Les postes en marche l’attendent et reprendront d’eux-mêmes ; aucun n’est démarré ni arrêté d’ici son retour.',
  },
  'pool.slot-lack': {
    en: 'The storage agent of {server} is of an earlier version, which brings no personal folders into seats: since {when} they start without. Start it again there with this version ({version}); seats then have them at their next start.',
    fr: 'L’agent de stockage de {server} est d’une version antérieure, qui n’apporte pas les dossiers personnels dans les postes : depuis {when}, ils démarrent sans. Relancez-le là-bas dans cette version ({version}) ; les postes les auront à leur prochain démarrage.',
  },
  'pool.slot-lack.here': { en: 'this machine', fr: 'cette machine' },
  'pool.is-closed': {
    en: 'Closed since {when}: its machines take no new seats, those there go on.',
    fr: 'Fermé depuis {when} : ses machines n’acceptent plus de poste, ceux qui y sont continuent.',
  },
  'pool.is-drained': {
    en: 'Being emptied since {when}: its seats move elsewhere, where there is room.',
    fr: 'En cours de vidage depuis {when} : ses postes partent ailleurs, là où il y a de la place.',
  },
  'pool.without-place': { en: 'Classes without a place', fr: 'Séances sans place' },
  'pool.without-place.text': {
    en: {
      one: 'One class to come is planned here, and has no place until this pool is opened. Its teacher is told on the course’s plan, with the pools that have room.',
      other:
        '{count} classes to come are planned here, and have no place until this pool is opened. Their teachers are told on the course’s plan, with the pools that have room.',
    },
    fr: {
      one: 'Une séance à venir est prévue ici, et n’a pas de place tant que ce pool n’est pas rouvert. Son enseignant le lit sur le plan du cours, avec les pools où il y a de la place.',
      other:
        '{count} séances à venir sont prévues ici, et n’ont pas de place tant que ce pool n’est pas rouvert. Leurs enseignants le lisent sur le plan du cours, avec les pools où il y a de la place.',
    },
  },
  'pool.without-place.when': { en: 'When', fr: 'Quand' },
  'pool.without-place.students': { en: 'Students', fr: 'Étudiants' },
  'pool.without-place.more': {
    en: { one: 'And one more.', other: 'And {count} more.' },
    fr: { one: 'Et une autre.', other: 'Et {count} autres.' },
  },
  'pool.acts': { en: 'Open and close', fr: 'Ouvrir et fermer' },
  'pool.close': { en: 'Take no new seats', fr: 'Ne plus accepter de poste' },
  'pool.drain': { en: 'Empty it now', fr: 'Vider maintenant' },
  'pool.drain.ask': { en: 'Empty it…', fr: 'Vider…' },
  'pool.drain.seats': {
    en: {
      one: '{count} seat runs on its machines.',
      other: '{count} seats run on its machines.',
    },
    fr: {
      one: '{count} poste est en marche sur ses machines.',
      other: '{count} postes sont en marche sur ses machines.',
    },
  },
  'pool.open': { en: 'Open again', fr: 'Rouvrir' },
  'pool.acts.hint': {
    en: 'Emptying stops seats at once and starts them on machines of other pools; volumes of one machine stay on it.',
    fr: 'Vider arrête aussitôt les postes et les relance sur les machines d’autres pools ; les volumes propres à une machine y restent.',
  },

  'node.why.class': { en: 'class', fr: 'séance' },
  'node.why.idle': { en: 'always on', fr: 'toujours allumée' },
  'node.why.queue': { en: 'somebody waits', fr: 'quelqu’un attend' },
  'node.why.headroom': { en: 'room for who comes next', fr: 'place pour les suivants' },
  'node.why.work': { en: 'people at work there', fr: 'des personnes y travaillent' },
  'node.why.unused': { en: 'nobody any more', fr: 'plus personne' },
  'node.why.manager': { en: 'manager of the Swarm', fr: 'gestionnaire du Swarm' },
  'node.why.stands-by': {
    en: 'stands by, should a manager be lost',
    fr: 'en réserve, si un gestionnaire est perdu',
  },
  'managers.answering': {
    en: '{answering} of {votes} managers of the Swarm answer.',
    fr: '{answering} gestionnaires du Swarm sur {votes} répondent.',
  },
  'managers.can-lose': {
    en: 'The Swarm still has a majority if another one is lost.',
    fr: 'Le Swarm garde une majorité si un autre est perdu.',
  },
  'managers.cannot-lose': {
    en: 'If another one is lost, the Swarm refuses every change: seats that run go on, none is started, moved or stopped until most managers answer. Bring back the one that is away or, if it will not come back, strike it off: docker node demote, docker node rm.',
    fr: 'Si un autre est perdu, le Swarm refuse tout changement : les postes en marche continuent, aucun n’est démarré, déplacé ni arrêté tant que la plupart des gestionnaires ne répondent pas. Ramenez celui qui est absent ou, s’il ne revient pas, radiez-le : docker node demote, docker node rm.',
  },
  'managers.no-majority': {
    en: 'That is no majority: seats that run go on, none is started, moved or stopped. Bring managers back until most of them answer.',
    fr: 'Ce n’est pas une majorité : les postes en marche continuent, aucun n’est démarré, déplacé ni arrêté. Ramenez des gestionnaires jusqu’à ce que la plupart répondent.',
  },
  'node.why.leaving': { en: 'goes when it is empty', fr: 'part dès qu’elle est vide' },
  'node.goes': { en: 'goes {when}', fr: 'part {when}' },
  'node.state.wanted': { en: 'wanted', fr: 'demandée' },
  'node.state.creating': { en: 'being made', fr: 'en création' },
  'node.state.booted': { en: 'booted', fr: 'démarrée' },
  'node.state.joined': { en: 'joined', fr: 'a rejoint' },
  'node.state.ready': { en: 'ready', fr: 'prête' },
  'node.state.draining': { en: 'being emptied', fr: 'en vidage' },
  'node.state.drained': { en: 'empty', fr: 'vidée' },
  'node.state.gone': { en: 'gone', fr: 'détruite' },
  'node.state.up': { en: 'up', fr: 'en marche' },
  'node.state.away': { en: 'does not answer', fr: 'ne répond pas' },
  'node.state.closed': { en: 'closed', fr: 'fermée' },
  'node.trouble.server-gone': {
    en: 'Its machine had disappeared from the cloud; it is made again.',
    fr: 'Sa machine avait disparu du nuage ; elle est refaite.',
  },
  'node.trouble.server-error': {
    en: 'The cloud said that its machine had failed; it is made again.',
    fr: 'Le nuage a signalé l’échec de sa machine ; elle est refaite.',
  },
  'node.trouble.never-joined': {
    en: 'Its machine never joined the Swarm; it is made again ({tries} so far, one after the other).',
    fr: 'Sa machine n’a jamais rejoint le Swarm ; elle est refaite ({tries} jusqu’ici, coup sur coup).',
  },
  'node.trouble.not-counted': {
    en: 'It takes seats, but no plan counts on it: add it to “nodes” of the pool in pools.yaml. The worker’s log says why Labplan could not.',
    fr: 'Elle accepte des postes, mais aucun plan ne compte sur elle : ajoutez-la à « nodes » du pool dans pools.yaml. Le journal du worker dit pourquoi Labplan ne l’a pas pu.',
  },
  'node.trouble.same-name': {
    en: 'It takes seats. Plans count a machine of this name once: if another one has it, add this one to “nodes” of the pool in pools.yaml, under its name, a dash and the first five characters of its id (docker node ls).',
    fr: 'Elle accepte des postes. Les plans comptent une seule machine de ce nom : si une autre le porte, ajoutez celle-ci à « nodes » du pool dans pools.yaml, sous son nom, un tiret et les cinq premiers caractères de son identifiant (docker node ls).',
  },
  'node.trouble.count-waits': {
    en: 'It takes seats; plans count on it once the change that adds it to the pool is approved.',
    fr: 'Elle accepte des postes ; les plans comptent sur elle une fois approuvée la modification qui l’ajoute au pool.',
  },
  'node.trouble.not-a-manager': {
    en: 'It is in the Swarm and not a manager of it: the managers do not reach it on port 2377 (is their network among “gateways” of the pool?), or it calls from another address than the cloud gave it (is there an address translation in between?).',
    fr: 'Elle est dans le Swarm sans en être gestionnaire : les gestionnaires ne l’atteignent pas sur le port 2377 (leur réseau est-il parmi les « gateways » du pool ?), ou elle appelle d’une autre adresse que celle donnée par le nuage (y a-t-il une traduction d’adresses entre les deux ?).',
  },
  'node.trouble.no-majority': {
    en: 'It is to be made anew, and that waits: without it the managers that answer would be no majority. Bring back the other one that is away.',
    fr: 'Elle doit être refaite, et cela attend : sans elle les gestionnaires qui répondent ne seraient pas une majorité. Ramenez l’autre absent.',
  },
  'node.trouble.lost': {
    en: 'It went away from the Swarm; it is made again.',
    fr: 'Elle a quitté le Swarm ; elle est refaite.',
  },
} satisfies Record<string, Message>
