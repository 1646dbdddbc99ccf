import type { Message } from '../locale.ts'

/** Why a class is late, or why it could not be prepared as things are, and what can be done. Told in its notices. */
export const classLate = {
  // Why: the step that fails, or is under way.
  'late.step-fails': {
    en: {
      one: 'Making its {what} failed in the step “{step}”: {message}',
      other: 'Making its {what} failed {count} times, last in the step “{step}”: {message}',
    },
    fr: {
      one: 'La création ({what}) a échoué à l’étape « {step} » : {message}',
      other:
        'La création ({what}) a échoué {count} fois, en dernier à l’étape « {step} » : {message}',
    },
  },
  'late.step-refused': {
    en: {
      one: 'The cloud refused its {what} in the step “{step}”.',
      other: 'The cloud refused its {what} {count} times, last in the step “{step}”.',
    },
    fr: {
      one: 'Le nuage a refusé ({what}) à l’étape « {step} ».',
      other: 'Le nuage a refusé {count} fois ({what}), en dernier à l’étape « {step} ».',
    },
  },
  'late.machines-coming': {
    en: {
      one: 'One machine of its pool is not up yet: {names}.',
      other: '{count} machines of its pool are not up yet: {names}.',
    },
    fr: {
      one: 'Une machine de son pool n’est pas encore en service : {names}.',
      other: '{count} machines de son pool ne sont pas encore en service : {names}.',
    },
  },
  'late.machine-anew': {
    en: {
      one: 'Machine {name} of its pool did not come up, and is made again.',
      other:
        'Machine {name} of its pool did not come up {count} times in a row, and is made again.',
    },
    fr: {
      one: 'La machine {name} de son pool n’a pas démarré, et elle est refaite.',
      other:
        'La machine {name} de son pool n’a pas démarré {count} fois de suite, et elle est refaite.',
    },
  },
  'late.machines-away': {
    en: {
      one: 'One seat finds no machine with room; these of its pool do not answer: {names}.',
      other: '{count} seats find no machine with room; these of its pool do not answer: {names}.',
    },
    fr: {
      one: 'Un poste ne trouve de place sur aucune machine ; celles-ci, de son pool, ne répondent pas : {names}.',
      other:
        '{count} postes ne trouvent de place sur aucune machine ; celles-ci, de leur pool, ne répondent pas : {names}.',
    },
  },
  'late.no-room': {
    en: {
      one: 'One seat finds no machine with room in its pool.',
      other: '{count} seats find no machine with room in their pool.',
    },
    fr: {
      one: 'Un poste ne trouve de place sur aucune machine de son pool.',
      other: '{count} postes ne trouvent de place sur aucune machine de leur pool.',
    },
  },
  'late.pool-closed': {
    en: {
      one: 'One seat finds no machine: its pool was closed by people ({reason}). “labplan pool open” lets it start.',
      other:
        '{count} seats find no machine: their pool was closed by people ({reason}). “labplan pool open” lets them start.',
    },
    fr: {
      one: 'Un poste ne trouve pas de machine : son pool a été fermé sur demande ({reason}). « labplan pool open » le laisse démarrer.',
      other:
        '{count} postes ne trouvent pas de machine : leur pool a été fermé sur demande ({reason}). « labplan pool open » les laisse démarrer.',
    },
  },
  'late.pool-closed.teacher': {
    en: {
      one: 'One seat finds no machine: its pool was closed by the infrastructure team ({reason}), who can open it again.',
      other:
        '{count} seats find no machine: their pool was closed by the infrastructure team ({reason}), who can open it again.',
    },
    fr: {
      one: 'Un poste ne trouve pas de machine : son pool a été fermé par l’équipe infrastructure ({reason}), qui peut le rouvrir.',
      other:
        '{count} postes ne trouvent pas de machine : leur pool a été fermé par l’équipe infrastructure ({reason}), qui peut le rouvrir.',
    },
  },
  'late.step-runs': {
    en: 'Its {what} are being made: the step “{step}” runs, begun {sinceAt}.',
    fr: 'La création est en cours ({what}) : étape « {step} », commencée {sinceAt}.',
  },
  'late.not-begun': {
    en: 'Its {what} have not been begun: no worker has taken them up yet.',
    fr: 'La création n’a pas commencé ({what}) : aucun agent ne s’en est encore chargé.',
  },
  'late.frozen': {
    en: 'Making its {what} is paused by people ({reason}). It resumes {untilAt}, or when “labplan unfreeze” ends that.',
    fr: 'La création ({what}) est suspendue sur demande ({reason}). Elle reprend {untilAt}, ou dès que « labplan unfreeze » y met fin.',
  },
  'late.frozen.teacher': {
    en: 'Making its {what} is paused by the infrastructure team ({reason}). It resumes {untilAt}, or as soon as they end that.',
    fr: 'La création ({what}) est suspendue par l’équipe infrastructure ({reason}). Elle reprend {untilAt}, ou dès que celle-ci y met fin.',
  },
  'late.cancelled.teacher': {
    en: 'Somebody cancelled making its {what}: it waits until the infrastructure team tries it again.',
    fr: 'Quelqu’un a annulé la création ({what}) : elle attend que l’équipe infrastructure la relance.',
  },
  'late.cancelled': {
    en: 'Somebody cancelled making its {what}: it waits until it is retried on the page of runs.',
    fr: 'Quelqu’un a annulé la création ({what}) : elle attend d’être relancée sur la page des exécutions.',
  },
  'late.seat.start_failed': {
    en: {
      one: 'One seat does not start. The machines say: {reason}',
      other: '{count} seats do not start. The machines say: {reason}',
    },
    fr: {
      one: 'Un poste ne démarre pas. Les machines disent : {reason}',
      other: '{count} postes ne démarrent pas. Les machines disent : {reason}',
    },
  },
  'late.seat.start_failed.unsaid': {
    en: {
      one: 'One seat does not start, and the machines do not say why.',
      other: '{count} seats do not start, and the machines do not say why.',
    },
    fr: {
      one: 'Un poste ne démarre pas, et les machines ne disent pas pourquoi.',
      other: '{count} postes ne démarrent pas, et les machines ne disent pas pourquoi.',
    },
  },
  'late.seat.check_failed': {
    en: {
      one: 'One seat runs, but does not answer on every required port.',
      other: '{count} seats run, but do not answer on every required port.',
    },
    fr: {
      one: 'Un poste tourne, mais ne répond pas sur tous les ports requis.',
      other: '{count} postes tournent, mais ne répondent pas sur tous les ports requis.',
    },
  },
  'late.storage-away': {
    en: 'The storage of its files stopped answering {sinceAt}. Seats start by themselves when it is back; you can have them start without their files on the page of the course.',
    fr: 'Le stockage de ses fichiers a cessé de répondre {sinceAt}. Les postes démarreront d’eux-mêmes à son retour ; sur la page du cours, vous pouvez les faire démarrer sans leurs fichiers.',
  },
  'late.seat.no_gpu': {
    en: {
      one: 'One seat finds no free GPU.',
      other: '{count} seats find no free GPU.',
    },
    fr: {
      one: 'Un poste ne trouve pas de GPU libre.',
      other: '{count} postes ne trouvent pas de GPU libre.',
    },
  },
  'late.starting': {
    en: { one: 'One seat is starting now.', other: '{count} seats are starting now.' },
    fr: { one: 'Un poste démarre en ce moment.', other: '{count} postes démarrent en ce moment.' },
  },

  // What would fail.
  'early.no-build': {
    en: 'Its environment has no build yet: build it, or choose one for the course.',
    fr: 'Son environnement n’a pas encore de version construite : construisez-la, ou choisissez-en une pour le cours.',
  },
  'early.image-missing': {
    en: 'The image {image} cannot be pulled ({reason}). Build it again, or put the previous build back.',
    fr: 'L’image {image} ne peut pas être tirée ({reason}). Reconstruisez-la, ou remettez la version précédente.',
  },
  'early.registry-away': {
    en: 'The registry of its image {image} does not answer ({reason}): no machine that lacks the image could start a seat. The infrastructure team has to bring it back.',
    fr: 'Le registre de son image {image} ne répond pas ({reason}) : aucune machine qui n’a pas l’image ne pourrait démarrer de poste. L’équipe infrastructure doit le remettre en service.',
  },
  'early.no-room': {
    en: {
      one: 'The one node that takes seats now has room for {placed} of the {total} seats that run then. Bring nodes back, or plan fewer at once.',
      other:
        'The {count} nodes that take seats now have room for {placed} of the {total} seats that run then. Bring nodes back, or plan fewer at once.',
    },
    fr: {
      one: 'Le seul nœud qui prend des postes a place pour {placed} des {total} postes qui tourneront alors. Remettez des nœuds en service, ou prévoyez-en moins à la fois.',
      other:
        'Les {count} nœuds qui prennent des postes ont place pour {placed} des {total} postes qui tourneront alors. Remettez des nœuds en service, ou prévoyez-en moins à la fois.',
    },
  },
  'early.no-credential': {
    en: 'Its machines come from a cloud, and nobody has said how that is entered: source its openrc file and run “labplan pool credential {pool}”.',
    fr: 'Ses machines viennent d’un nuage, et personne n’a dit comment y entrer : chargez son fichier openrc et lancez « labplan pool credential {pool} ».',
  },
  'early.no-credential.teacher': {
    en: 'Its machines come from a cloud, and the infrastructure team has not said yet how that is entered.',
    fr: 'Ses machines viennent d’un nuage, et l’équipe infrastructure n’a pas encore dit comment y entrer.',
  },
  'early.machines-fail': {
    en: {
      one: 'Making the {what} of its pool {pool} fails at present: {message}',
      other:
        'Making the {what} of its pool {pool} fails at present, {count} times in a row: {message}',
    },
    fr: {
      one: 'La création ({what}) échoue actuellement dans son pool {pool} : {message}',
      other:
        'La création ({what}) échoue actuellement dans son pool {pool}, {count} fois de suite : {message}',
    },
  },
  'early.machines-refused': {
    en: {
      one: 'The cloud refuses the {what} of its pool {pool} at present.',
      other: 'The cloud refuses the {what} of its pool {pool} at present, {count} times in a row.',
    },
    fr: {
      one: 'Le nuage refuse actuellement ({what}) dans son pool {pool}.',
      other: 'Le nuage refuse actuellement ({what}) dans son pool {pool}, {count} fois de suite.',
    },
  },
  'early.plan-failed': {
    en: 'Terraform cannot plan its {what}: {message}',
    fr: 'Terraform ne peut pas planifier ({what}) : {message}',
  },
  'early.plan-held': {
    en: 'The plan of its {what} would be held for a person to look at: {message}',
    fr: 'Le plan ({what}) serait retenu jusqu’à ce que quelqu’un le regarde : {message}',
  },
  'early.frozen': {
    en: 'Runs of Terraform are paused by people ({reason}) beyond when it has to be ready: they resume {untilAt}, or when “labplan unfreeze” ends that.',
    fr: 'Les exécutions de Terraform sont suspendues sur demande ({reason}) au-delà du moment où elle doit être prête : elles reprennent {untilAt}, ou dès que « labplan unfreeze » y met fin.',
  },
  'early.frozen.teacher': {
    en: 'Making machines and seats is paused by the infrastructure team ({reason}) beyond when it has to be ready. It resumes {untilAt}, or as soon as they end that.',
    fr: 'La création des machines et des postes est suspendue par l’équipe infrastructure ({reason}) au-delà du moment où elle doit être prête. Elle reprend {untilAt}, ou dès que celle-ci y met fin.',
  },
  'early.unplanned': {
    en: 'It could not be planned: {message}',
    fr: 'Elle n’a pas pu être planifiée : {message}',
  },
  'early.machines-then': {
    en: 'The machines that its pool {pool} is to buy for it in region {region} could not be made as things are.',
    fr: 'Les machines que son pool {pool} doit acheter pour elle dans la région {region} ne pourraient pas être créées en l’état.',
  },
  'early.quota': {
    en: 'The quota “{resource}” of the project in region {region} would not hold the machines of its pool {pool}: {asked} more are needed then; {used} of {limit} are in use now, of which {freed} are given back before.',
    fr: 'Le quota « {resource} » du projet dans la région {region} ne suffirait pas aux machines de son pool {pool} : il en faudra {asked} de plus ; {used} sur {limit} sont utilisés, dont {freed} seront rendus avant.',
  },

  // What nobody knows before the class, or not yet.
  'early.unanswered': {
    en: 'Not known yet whether its machines can be made in region {region}, because the cloud does not answer ({message}). It is asked again within the hour.',
    fr: 'On ne sait pas encore si ses machines peuvent être créées dans la région {region}, car le nuage ne répond pas ({message}). Il sera interrogé à nouveau dans l’heure.',
  },
  'early.registry-unanswered': {
    en: 'Not known yet whether its image {image} can be pulled, because the registry does not answer ({reason}). It is asked again within the hour.',
    fr: 'On ne sait pas encore si son image {image} peut être tirée, car le registre ne répond pas ({reason}). Il sera interrogé à nouveau dans l’heure.',
  },
  'early.unasked': {
    en: 'Not known whether all of its machines can be made in region {region}, because the cloud does not say everything that was asked: {message}',
    fr: 'On ne sait pas si toutes ses machines peuvent être créées dans la région {region}, car le nuage ne dit pas tout ce qui lui a été demandé : {message}',
  },
  'early.machines-busy': {
    en: 'Not known yet what Terraform’s plan of its {what} in region {region} ends in: a run is at work on them. It is made again within the hour.',
    fr: 'On ne sait pas encore ce que donne le plan de Terraform ({what}, région {region}) : une exécution y travaille. Il sera refait dans l’heure.',
  },
  'early.machines-unplanned': {
    en: 'Not known what Terraform’s plan of its machines in region {region} ends in: it is made once the networks of pool {pool} stand. The cloud was asked for their size, image and quota instead.',
    fr: 'On ne sait pas ce que donnera le plan de Terraform pour ses machines dans la région {region} : il se fait une fois les réseaux du pool {pool} créés. Le nuage a été interrogé sur leur taille, leur image et le quota.',
  },

  // What can be done.
  'late.do.start-with': {
    en: 'You can begin with the {ready} that are ready: students get those first, and the others are let in by themselves as seats follow.',
    fr: 'Vous pouvez commencer avec les {ready} postes prêts : les étudiants les reçoivent d’abord, les suivants entrent d’eux-mêmes à mesure que des postes arrivent.',
  },
  'late.do.previous-build': {
    en: 'The environment had another build before: {image}. Putting it back in the environment’s document brings the class back to it.',
    fr: 'L’environnement avait auparavant une autre version : {image}. La remettre dans le document de l’environnement y ramène la séance.',
  },
  'late.do.other-pool': {
    en: 'Another pool has no failures: {pools}. “labplan whatif” says whether the class fits there.',
    fr: 'Un autre pool n’a pas de panne : {pools}. « labplan whatif » dit si la séance y tient.',
  },
  'late.do.other-pool.teacher': {
    en: 'Machines elsewhere have no failures: {pools}. Choose them in the course’s settings under “Where it runs”: the page says whether the class fits there.',
    fr: 'Ailleurs, les machines n’ont pas de panne : {pools}. Choisissez-les dans les réglages du cours, à « Où cela tourne » : la page dit si la séance y tient.',
  },
  'late.do.infra.teacher': {
    en: 'The infrastructure team was told too.',
    fr: 'L’équipe infrastructure est prévenue aussi.',
  },
  'late.do.infra': {
    en: 'The infrastructure team was told too. “labplan doctor” and the page of runs say more.',
    fr: 'L’équipe infrastructure est prévenue aussi. « labplan doctor » et la page des exécutions en disent plus.',
  },
  'late.what.base': { en: 'networks', fr: 'réseaux' },
  'late.what.nodes': { en: 'machines', fr: 'machines' },
  'late.what.seats': { en: 'seats', fr: 'postes' },
  'late.what.volumes': { en: 'volumes', fr: 'volumes' },
} satisfies Record<string, Message>
