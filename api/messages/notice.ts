import type { Message } from '../locale.ts'

/** What people are told, by mail, webhook and on the course's page: `X` is the subject, `X.text` what follows. */
export const notice = {
  'notice.test': { en: 'Labplan: this channel works', fr: 'Labplan : ce canal fonctionne' },
  'notice.test.text': {
    en: 'Somebody of your infrastructure team has tried whether Labplan’s notices arrive here. They do; there is nothing to do.',
    fr: 'Quelqu’un de votre équipe infrastructure a vérifié que les avis de Labplan arrivent ici. C’est le cas ; il n’y a rien à faire.',
  },

  'notice.finding': {
    en: 'Labplan: somebody must look at {name}',
    fr: 'Labplan : quelqu’un doit regarder {name}',
  },
  'notice.finding.text': {
    en: 'It is not as it should be, and Labplan does not touch it by itself. The administrator’s page “Inventory” and labplan drift show it.',
    fr: 'Ce n’est pas comme prévu, et Labplan n’y touche pas de lui-même. La page « Inventaire » et labplan drift le montrent.',
  },

  'notice.files-end': {
    en: 'Files of “{course}” are deleted {goneAt}',
    fr: 'Les fichiers de « {course} » seront supprimés {goneAt}',
  },
  'notice.files-end.text': {
    en: '{course} is over, and what its students keep on their disks is deleted {goneAt} ({count} disks). What they handed in stays.',
    fr: '« {course} » est terminé : ce que les étudiants gardent sur leurs disques sera supprimé {goneAt} ({count} disques). Leurs rendus restent.',
  },
  'notice.files-end.do': {
    en: 'Students may download their files until then, from their workspace’s page. To keep them longer, raise keepDays in the course’s plan, or plan another session: the date moves with it.',
    fr: 'D’ici là, les étudiants peuvent télécharger leurs fichiers depuis la page de leur espace. Pour les garder plus longtemps, augmentez keepDays dans le plan du cours, ou prévoyez une autre séance : la date suivra.',
  },
  'notice.data-end': {
    en: 'Data of “{course}” are deleted {goneAt}',
    fr: 'Les données de « {course} » seront supprimées {goneAt}',
  },
  'notice.data-end.text': {
    en: '{course} is over, and versions of the data that its workspaces read ({count}) are deleted {goneAt}. The one in force stays until the course is archived.',
    fr: '« {course} » est terminé : des versions des données que lisent ses espaces ({count}) seront supprimées {goneAt}. Celle en vigueur reste jusqu’à l’archivage du cours.',
  },
  'notice.data-end.do': {
    en: 'To keep them longer, raise keepDays in the course’s plan, or plan another session: the date moves with it. An archived course keeps its version in force when it is no longer archived.',
    fr: 'Pour les garder plus longtemps, augmentez keepDays dans le plan du cours, ou prévoyez une autre séance : la date suivra. Un cours archivé garde sa version en vigueur s’il n’est plus archivé.',
  },
  'notice.personal-end': {
    en: 'Labplan: {count} personal folders are deleted {goneAt}',
    fr: 'Labplan : {count} dossiers personnels seront supprimés {goneAt}',
  },
  'notice.personal-end.text': {
    en: 'The last course of {count} students that had their personal folder is over, and these are deleted {goneAt}. Their page says so. Who comes to another such course before keeps theirs.',
    fr: 'Le dernier cours de {count} étudiants qui avait leur dossier personnel est terminé : ces dossiers seront supprimés {goneAt}. Leur page le dit. Qui vient avant à un autre cours de ce genre garde le sien.',
  },
  'notice.node-never-joined': {
    en: 'Labplan: machine {node} of pool {pool} does not come up',
    fr: 'Labplan : la machine {node} du parc {pool} ne démarre pas',
  },
  'notice.node-never-joined.text': {
    en: 'It was made anew {count} times in a row, and never joined the Swarm. Labplan goes on trying; see what its console says in the cloud: the image, the network to the manager (2377, 7946, 4789), the registry of Debian packages.',
    fr: 'Elle a été refaite {count} fois de suite et n’a jamais rejoint le Swarm. Labplan continue d’essayer ; voyez ce que dit sa console dans le nuage : l’image, le réseau vers le gestionnaire (2377, 7946, 4789), le dépôt de paquets Debian.',
  },

  'notice.storage-away': {
    en: 'Labplan: the storage of volumes ({backend}) does not answer',
    fr: 'Labplan : le stockage des volumes ({backend}) ne répond pas',
  },
  'notice.storage-away.text': {
    en: 'It stopped answering {sinceAt}. Seats that run wait with it and go on by themselves; none is started or stopped until it is back, so that nothing is lost. labplan doctor says what it answered last.',
    fr: 'Il a cessé de répondre {sinceAt}. Les postes en marche attendent avec lui et reprendront d’eux-mêmes ; aucun n’est démarré ni arrêté d’ici son retour, pour que rien ne soit perdu. labplan doctor dit ce qu’il a répondu en dernier.',
  },
  'notice.storage-back': {
    en: 'Labplan: the storage of volumes ({backend}) answers again',
    fr: 'Labplan : le stockage des volumes ({backend}) répond de nouveau',
  },
  'notice.storage-back.text': {
    en: 'It stopped {sinceAt} and came back {backAt}. What waited goes on by itself: seats start, and those that had to stop stop now.',
    fr: 'Il s’est arrêté {sinceAt} et il est revenu {backAt}. Ce qui attendait reprend de lui-même : les postes démarrent, et ceux qui devaient s’arrêter s’arrêtent maintenant.',
  },
  'notice.volumes-lost': {
    en: 'Labplan: {count} volumes are missing or damaged',
    fr: 'Labplan : {count} volumes sont absents ou endommagés',
  },
  'notice.volumes-lost.text': {
    en: 'Their storage answers; {missing} are not there, {damaged} cannot be mounted. Nothing was deleted, and nothing new is made in their place: their seats do not start. Mount the disk they were on, or restore it; all goes on by itself then. labplan volume list --full names each.',
    fr: 'Leur stockage répond ; {missing} ne sont pas là, {damaged} ne peuvent être montés. Rien n’a été supprimé et rien de neuf n’est créé à leur place : leurs postes ne démarrent pas. Montez le disque qui les portait, ou restaurez-le ; tout reprendra de soi-même. labplan volume list --full les nomme.',
  },
  'notice.volumes-lost.of': {
    en: 'Course {name}: {count}',
    fr: 'Cours {name} : {count}',
  },
  'notice.volumes-lost.personal': {
    en: 'Students’ own folders: {count}; seats start without them',
    fr: 'Dossiers personnels d’étudiants : {count} ; les postes démarrent sans eux',
  },
  'notice.volumes-lost.purging': {
    en: 'To be deleted, and not there: {count}. Nothing counts as deleted until their disk is back',
    fr: 'À supprimer, et absents : {count}. Rien ne compte comme supprimé avant le retour de leur disque',
  },
  'notice.volumes-found': {
    en: 'Labplan: the volumes that were missing or damaged are there again',
    fr: 'Labplan : les volumes absents ou endommagés sont de nouveau là',
  },
  'notice.volumes-found.text': {
    en: 'It began {sinceAt} and was over {backAt}. Seats that waited for them start by themselves; what was to be deleted is deleted now.',
    fr: 'Cela a commencé {sinceAt} et pris fin {backAt}. Les postes qui les attendaient démarrent d’eux-mêmes ; ce qui devait être supprimé l’est maintenant.',
  },
  'notice.storage-away.course': {
    en: '{course}: files cannot be reached right now',
    fr: '{course} : les fichiers ne sont pas accessibles en ce moment',
  },
  'notice.storage-away.course.text': {
    en: 'The storage stopped answering {sinceAt}. Nothing is lost. Workspaces may stand still: leave them open, they go on by themselves when it is back. None is started or stopped meanwhile; those that have not started can begin without their files, on the page of the course. The infrastructure team was told.',
    fr: 'Le stockage a cessé de répondre {sinceAt}. Rien n’est perdu. Les espaces peuvent rester figés : laissez-les ouverts, ils reprendront d’eux-mêmes à son retour. D’ici là aucun n’est démarré ni arrêté ; ceux qui n’ont pas démarré peuvent commencer sans leurs fichiers, sur la page du cours. L’équipe infrastructure est prévenue.',
  },
  'notice.storage-back.course': {
    en: '{course}: files are there again',
    fr: '{course} : les fichiers sont de nouveau là',
  },
  'notice.storage-back.course.text': {
    en: 'The storage stopped answering {sinceAt} and came back {backAt}. Everything goes on by itself; there is nothing to do.',
    fr: 'Le stockage a cessé de répondre {sinceAt} et il est revenu {backAt}. Tout reprend de soi-même ; il n’y a rien à faire.',
  },

  'notice.slot-lack': {
    en: 'Labplan: the storage agent ({place}) has to be updated',
    fr: 'Labplan : l’agent de stockage ({place}) doit être mis à jour',
  },
  'notice.slot-lack.text': {
    en: 'It is of an earlier version, which brings no personal folders into seats (seen {sinceAt}). Seats start without, and students read so on their page. Start the agent again with the version of this Labplan (docs/storage-backends.md); seats then have the folders at their next start.',
    fr: 'Il est d’une version antérieure, qui n’apporte pas les dossiers personnels dans les postes (constaté {sinceAt}). Les postes démarrent sans, et les étudiants le lisent sur leur page. Relancez l’agent dans la version de ce Labplan (docs/storage-backends.md) ; les postes auront les dossiers à leur prochain démarrage.',
  },

  'notice.manager-away': {
    en: 'Labplan: manager {node} of the Swarm does not answer',
    fr: 'Labplan : le gestionnaire {node} du Swarm ne répond pas',
  },
  'notice.manager-away.text': {
    en: '{answering} of {votes} managers answer. Seats go on. One that Labplan made in a cloud is made anew by itself.',
    fr: '{answering} gestionnaires sur {votes} répondent. Les postes continuent. Celui que Labplan a créé dans un nuage est refait de lui-même.',
  },
  'notice.swarm-without-leader': {
    en: 'Labplan: the Swarm has no majority of managers',
    fr: 'Labplan : le Swarm n’a pas de majorité de gestionnaires',
  },
  'notice.swarm-without-leader.text': {
    en: 'Seats that run go on; none is started, moved or stopped. Bring managers back until most of them answer. Where they are lost for good, run docker swarm init --force-new-cluster on one that is left: it goes on alone, with all seats (docs/pools.md).',
    fr: 'Les postes en marche continuent ; aucun n’est démarré, déplacé ni arrêté. Ramenez des gestionnaires jusqu’à ce que la plupart répondent. S’ils sont perdus pour de bon, lancez docker swarm init --force-new-cluster sur l’un de ceux qui restent : il continue seul, avec tous les postes (docs/pools.md).',
  },

  'notice.seat-numbers': {
    en: '{course}: a student came for whom there is no seat',
    fr: '{course} : un étudiant est venu pour qui il n’y a pas de poste',
  },
  'notice.seat-numbers.text': {
    en: 'All {count} seats that the course may have are somebody’s: a seat stays with its student. Whoever comes now waits, and holds up nobody else. Plan a class for more than {count} students, or raise allowance: seats in course.yaml; the page says who has to agree. Who waits is let in by themselves then.',
    fr: 'Les {count} postes que le cours peut avoir sont tous attribués : un poste reste à son étudiant. Qui vient maintenant attend, sans gêner personne. Prévoyez une séance pour plus de {count} étudiants, ou augmentez allowance : seats dans course.yaml ; la page dit qui doit donner son accord. Qui attend entrera alors de lui-même.',
  },
  'notice.session-late': {
    en: '{course}: the class {startsAt} is not ready yet',
    fr: '{course} : la séance prévue {startsAt} n’est pas encore prête',
  },
  'notice.session-late.text': {
    en: '{ready} of {wanted} seats are ready. Labplan goes on by itself and writes again when all are.',
    fr: '{ready} postes sur {wanted} sont prêts. Labplan continue de lui-même et vous écrira quand tous le seront.',
  },
  'notice.session-ready': {
    en: '{course}: the class {startsAt} is ready now',
    fr: '{course} : la séance prévue {startsAt} est prête',
  },
  'notice.session-ready.text': {
    en: 'Every seat became ready {readyAt}. There is nothing left to do.',
    fr: 'Tous les postes ont été prêts {readyAt}. Il n’y a plus rien à faire.',
  },
  'notice.early-plan-failed': {
    en: '{course}: the class {startsAt} could not be prepared as things are',
    fr: '{course} : la séance prévue {startsAt} ne pourrait pas être préparée en l’état',
  },
  'notice.early-plan-failed.text': {
    en: 'Labplan planned it ahead of time, changing nothing, and found what would fail. It looks again every hour and writes when it would work.',
    fr: 'Labplan l’a planifiée d’avance, sans rien modifier, et a trouvé ce qui échouerait. Il vérifie chaque heure et vous écrira quand cela marchera.',
  },
  'notice.early-plan-passed': {
    en: '{course}: nothing stands in the way of the class {startsAt} any more',
    fr: '{course} : plus rien ne s’oppose à la séance prévue {startsAt}',
  },
  'notice.early-plan-passed.text': {
    en: 'Labplan planned it again, and it would work.',
    fr: 'Labplan l’a planifiée à nouveau, et cela marcherait.',
  },
  'notice.change-waits': {
    en: '{title}: a change waits for agreement',
    fr: '{title} : une modification attend un accord',
  },
  'notice.change-waits.text': {
    en: 'It was handed in {createdAt}. Nothing changes until it is agreed to.',
    fr: 'Elle a été déposée {createdAt}. Rien ne change avant l’accord.',
  },
  'change.rule': { en: '{why}', fr: '{why}' },
  'change.with': { en: 'It is with: {by}.', fr: 'Elle est chez : {by}.' },
  'change.with-administrators': {
    en: 'It is with the administrators.',
    fr: 'Elle est chez les administrateurs.',
  },
  'notice.change-denied': {
    en: '{title}: a change is not allowed',
    fr: '{title} : une modification n’est pas permise',
  },
  'notice.change-denied.text': {
    en: 'The rules of this installation do not allow it; nothing was changed.',
    fr: 'Les règles de cette installation ne la permettent pas ; rien n’a changé.',
  },
  'notice.change-approved': {
    en: '{title}: your change was agreed to',
    fr: '{title} : votre modification a été acceptée',
  },
  'notice.change-approved.text': {
    en: 'It is in force.',
    fr: 'Elle est en vigueur.',
  },
  'notice.change-rejected': {
    en: '{title}: your change was not agreed to',
    fr: '{title} : votre modification n’a pas été acceptée',
  },
  'notice.change-rejected.text': { en: '{reason}', fr: '{reason}' },
  'notice.change-superseded': {
    en: '{title}: the list of students is another by now',
    fr: '{title} : la liste des étudiants a changé depuis',
  },
  'notice.change-superseded.text': {
    en: 'What waited because of the older list is no longer asked.',
    fr: 'Ce qui attendait à cause de l’ancienne liste n’est plus demandé.',
  },
  'notice.change-deputy': {
    en: '{title}: nobody decided yet, so {by} may decide too',
    fr: '{title} : personne n’a encore décidé, {by} peut donc décider aussi',
  },
  'notice.change-deputy.text': {
    en: 'It has waited since {createdAt}.',
    fr: 'Elle attend depuis {createdAt}.',
  },
  'notice.change-in-class': {
    en: '{title}: a class under way took more than its course may have',
    fr: '{title} : une séance en cours a pris plus que ce à quoi le cours a droit',
  },
  'notice.change-in-class.text': {
    en: 'It was free, so it was given at once, for this class only: {courses}. Later sessions stay inside the allowance.',
    fr: 'C’était libre, donc accordé aussitôt, pour cette séance seulement : {courses}. Les séances suivantes restent dans l’enveloppe.',
  },
  'notice.tools-changed': {
    en: 'The tools that apply plans are not the approved ones: nothing is applied',
    fr: 'Les outils qui appliquent les plans ne sont pas ceux approuvés : rien n’est appliqué',
  },
  'notice.tools-changed.text': {
    en: 'Different: {differs}. What runs goes on. If you have just upgraded, approve them: labplan tools approve {digest}. If not, find out who changed them.',
    fr: 'Différences : {differs}. Ce qui tourne continue. Après une mise à jour, approuvez-les : labplan tools approve {digest}. Sinon, cherchez qui les a changés.',
  },
  'notice.run-held': {
    en: '{stack}: something that nobody approved was not applied',
    fr: '{stack} : une chose que personne n’a approuvée n’a pas été appliquée',
  },
  'notice.run-held.text': {
    en: '{message} What runs was left as it is, and what is as approved goes on.',
    fr: '{message} Ce qui tourne reste tel quel, et ce qui est conforme continue.',
  },
  'notice.seats-fail': {
    en: '{course}: seats that do not start',
    fr: '{course} : des postes ne démarrent pas',
  },
  'notice.seats-fail.text': {
    en: 'These seats failed again and again: {numbers}. Labplan goes on trying them once a minute; the other seats are not affected.',
    fr: 'Ces postes ont échoué plusieurs fois de suite : {numbers}. Labplan réessaie chaque minute ; les autres postes ne sont pas touchés.',
  },

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
  'late.step-runs': {
    en: 'Its {what} are being made: the step “{step}” runs, begun {sinceAt}.',
    fr: 'La création est en cours ({what}) : étape « {step} », commencée {sinceAt}.',
  },
  'late.not-begun': {
    en: 'Its {what} have not been begun: no worker has taken them up yet.',
    fr: 'La création n’a pas commencé ({what}) : aucun agent ne s’en est encore chargé.',
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
  'late.do.infra': {
    en: 'The infrastructure team was told too. “labplan doctor” and the page of runs say more.',
    fr: 'L’équipe infrastructure est prévenue aussi. « labplan doctor » et la page des exécutions en disent plus.',
  },
  'late.what.base': { en: 'networks', fr: 'réseaux' },
  'late.what.nodes': { en: 'machines', fr: 'machines' },
  'late.what.seats': { en: 'seats', fr: 'postes' },
  'late.what.volumes': { en: 'volumes', fr: 'volumes' },

  'notice.turn': {
    en: '{course}: it is your turn',
    fr: '{course} : c’est votre tour',
  },
  'notice.turn.text': {
    en: 'A place is held for you. Start your workspace before it passes on to the next in line, {untilAt}. If you are asked who you are, open the activity in your course again.',
    fr: 'Une place vous est gardée. Démarrez votre espace avant qu’elle ne passe au suivant, {untilAt}. Si l’on vous demande qui vous êtes, rouvrez l’activité dans votre cours.',
  },
  'notice.open.workspace': { en: 'Open your workspace', fr: 'Ouvrir votre espace' },
  'notice.open.workspace-at': {
    en: 'Open your workspace: {url}',
    fr: 'Ouvrir votre espace : {url}',
  },
  'notice.open': { en: 'Open the course', fr: 'Ouvrir le cours' },
  'notice.open-at': { en: 'Open the course: {url}', fr: 'Ouvrir le cours : {url}' },
  'notice.why.teacher': {
    en: 'Sent by Labplan because you teach this course.',
    fr: 'Envoyé par Labplan parce que vous enseignez dans ce cours.',
  },
  'notice.why.waiting': {
    en: 'Sent by Labplan because you wait for a place. Your address came with your launch, and is forgotten when you no longer wait.',
    fr: 'Envoyé par Labplan parce que vous attendez une place. Votre adresse est venue avec votre lancement, et elle est oubliée dès que vous n’attendez plus.',
  },
  'notice.why.infra': {
    en: 'Sent by Labplan to the addresses of LABPLAN_NOTICE_MAIL.',
    fr: 'Envoyé par Labplan aux adresses de LABPLAN_NOTICE_MAIL.',
  },
  'notice.title': { en: 'Notices', fr: 'Avis' },
} satisfies Record<string, Message>
