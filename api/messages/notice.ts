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
  'notice.node-never-joined': {
    en: 'Labplan: machine {node} of pool {pool} does not come up',
    fr: 'Labplan : la machine {node} du parc {pool} ne démarre pas',
  },
  'notice.node-never-joined.text': {
    en: 'It was made anew {count} times in a row, and never joined the Swarm. Labplan goes on trying; see what its console says in the cloud: the image, the network to the manager (2377, 7946, 4789), the registry of Debian packages.',
    fr: 'Elle a été refaite {count} fois de suite et n’a jamais rejoint le Swarm. Labplan continue d’essayer ; voyez ce que dit sa console dans le nuage : l’image, le réseau vers le gestionnaire (2377, 7946, 4789), le dépôt de paquets Debian.',
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
  'notice.seat-numbers.text.teacher': {
    en: 'All {count} seats that the course may have are somebody’s: a seat stays with its student. Whoever comes now waits, and holds up nobody else. Plan a class for more than {count} students: the page of the plan says whether somebody has to agree. Who waits is let in by themselves then.',
    fr: 'Les {count} postes que le cours peut avoir sont tous attribués : un poste reste à son étudiant. Qui vient maintenant attend, sans gêner personne. Prévoyez une séance pour plus de {count} étudiants : la page de planification dit si quelqu’un doit donner son accord. Qui attend entrera alors de lui-même.',
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
  'notice.change-rejected.text': {
    en: 'Nothing was changed. Who decided wrote: “{reason}”',
    fr: 'Rien n’a changé. Qui a décidé a écrit : « {reason} »',
  },
  'notice.change-rejected.text.unsaid': {
    en: 'Nothing was changed, and no reason was given.',
    fr: 'Rien n’a changé, et aucune raison n’a été donnée.',
  },
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
    en: 'It was handed in {createdAt}.',
    fr: 'Elle a été déposée {createdAt}.',
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
  'notice.open.home': { en: 'Open your activities', fr: 'Ouvrir vos activités' },
  'notice.open.home-at': { en: 'Open your activities: {url}', fr: 'Ouvrir vos activités : {url}' },
  'notice.open.page': { en: 'Open the page about it', fr: 'Ouvrir la page qui en parle' },
  'notice.open.page-at': {
    en: 'Open the page about it: {url}',
    fr: 'Ouvrir la page qui en parle : {url}',
  },
  'notice.open': { en: 'Open the course', fr: 'Ouvrir le cours' },
  'notice.open-at': { en: 'Open the course: {url}', fr: 'Ouvrir le cours : {url}' },
  'notice.why.teacher': {
    en: 'Sent by Labplan because you teach this course.',
    fr: 'Envoyé par Labplan parce que vous enseignez dans ce cours.',
  },
  'notice.why.author': {
    en: 'Sent by Labplan because you asked for this course.',
    fr: 'Envoyé par Labplan parce que vous avez demandé ce cours.',
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
