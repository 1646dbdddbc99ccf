import type { Message } from '../locale.ts'

/** What is said when a launch, a login or a registration is refused, and what is asked about a copied activity. */
export const lti = {
  'lti.title': {
    en: 'This activity could not be opened',
    fr: 'L’activité n’a pas pu être ouverte',
  },
  'lti.title.registration': {
    en: 'This LMS was not registered',
    fr: 'La plateforme n’a pas été enregistrée',
  },
  'lti.code': { en: 'Code for your teacher', fr: 'Code pour votre enseignant' },
  'lti.code.support': { en: 'Code for support', fr: 'Code pour le support' },

  // What to do next.
  'lti.next.again': {
    en: 'Go back to your course page and open the activity once more. If this page returns, give the code below to your teacher.',
    fr: 'Revenez à la page de votre cours et ouvrez de nouveau l’activité. Si cette page revient, donnez le code ci-dessous à votre enseignant.',
  },
  'lti.next.teacher': {
    en: 'You can do nothing wrong here: give the code below to your teacher, who can have it repaired.',
    fr: 'Vous n’y êtes pour rien : donnez le code ci-dessous à votre enseignant, qui pourra faire réparer.',
  },
  'lti.next.administrator': {
    en: 'Give the code below to your teacher: the people who look after Labplan have to allow this first.',
    fr: 'Donnez le code ci-dessous à votre enseignant : les responsables de Labplan doivent d’abord donner leur accord.',
  },
  'lti.next.window': {
    en: 'Open the activity in a window of its own, or allow cookies for this site, then try again.',
    fr: 'Ouvrez l’activité dans sa propre fenêtre, ou autorisez les cookies pour ce site, puis réessayez.',
  },
  'lti.next.link': {
    en: 'Ask a Labplan administrator for a new registration link and paste it into your LMS within the hour.',
    fr: 'Demandez un nouveau lien d’enregistrement à un administrateur de Labplan et collez-le dans votre plateforme dans l’heure.',
  },
  'lti.next.retry-link': {
    en: 'Nothing was changed here. Once the cause is repaired, the same link still works until its hour is over.',
    fr: 'Rien n’a été changé ici. Une fois la cause réparée, le même lien reste utilisable jusqu’à la fin de son heure.',
  },
  'lti.next.choose': {
    en: 'Edit the activity in your LMS, press “Select content”, and choose the course. Students can open it from then on.',
    fr: 'Modifiez l’activité dans votre plateforme, appuyez sur « Sélectionner le contenu » et choisissez le cours. Les étudiants pourront alors l’ouvrir.',
  },
  'lti.next.wait': {
    en: 'There is nothing for you to do. Try again later, or ask your teacher.',
    fr: 'Vous n’avez rien à faire. Réessayez plus tard ou demandez à votre enseignant.',
  },

  // Login: the LMS announces somebody.
  'lti.refused.login-incomplete': {
    en: 'Your LMS announced you without saying all it has to say.',
    fr: 'Votre plateforme vous a annoncé sans donner toutes les indications nécessaires.',
  },
  'lti.refused.login-ambiguous': {
    en: 'Your LMS is registered here several times and did not say which registration it uses.',
    fr: 'Votre plateforme est enregistrée ici plusieurs fois et n’a pas dit quel enregistrement elle utilise.',
  },
  'lti.refused.platform-unknown': {
    en: 'The site that sent you is not registered with Labplan.',
    fr: 'Le site qui vous envoie n’est pas enregistré auprès de Labplan.',
  },
  'lti.refused.platform-pending': {
    en: 'Your LMS is registered with Labplan, but has not been activated yet.',
    fr: 'Votre plateforme est enregistrée auprès de Labplan, mais n’est pas encore activée.',
  },
  'lti.refused.platform-disabled': {
    en: 'Access from your LMS has been switched off.',
    fr: 'L’accès depuis votre plateforme a été désactivé.',
  },

  // Launch: the LMS says who comes.
  'lti.refused.not-from-lms': {
    en: 'This address only works when your LMS sends you here.',
    fr: 'Cette adresse ne fonctionne que si votre plateforme vous y envoie.',
  },
  'lti.refused.lms-said-no': {
    en: 'Your LMS did not confirm who you are ({error}). You may have been signed out there.',
    fr: 'Votre plateforme n’a pas confirmé qui vous êtes ({error}). Vous y avez peut-être été déconnecté.',
  },
  'lti.refused.token-unreadable': {
    en: 'What your LMS sent cannot be read.',
    fr: 'Le message de votre plateforme est illisible.',
  },
  'lti.refused.state-missing': {
    en: 'Your LMS answered without the mark of the visit that was begun.',
    fr: 'Votre plateforme a répondu sans le repère de la visite commencée.',
  },
  'lti.refused.state-changed': {
    en: 'The answer of your LMS belongs to another visit than the one begun in this browser, or the visit took longer than a minute.',
    fr: 'La réponse de votre plateforme correspond à une autre visite que celle commencée dans ce navigateur, ou la visite a duré plus d’une minute.',
  },
  'lti.refused.cookies-blocked': {
    en: 'Your browser did not keep the cookie this visit began with.',
    fr: 'Votre navigateur n’a pas gardé le cookie avec lequel cette visite a commencé.',
  },
  'lti.refused.issuer-changed': {
    en: 'The visit was begun by one site and answered by another.',
    fr: 'La visite a été commencée par un site et confirmée par un autre.',
  },
  'lti.refused.audience-other': {
    en: 'The message of your LMS is addressed to another tool.',
    fr: 'Le message de votre plateforme s’adresse à un autre outil.',
  },
  'lti.refused.algorithm': {
    en: 'The message of your LMS is not signed in the way that was agreed.',
    fr: 'Le message de votre plateforme n’est pas signé de la manière convenue.',
  },
  'lti.refused.key-unknown': {
    en: 'The message is signed with a key your LMS does not publish.',
    fr: 'Le message est signé avec une clé que votre plateforme ne publie pas.',
  },
  'lti.refused.keys-unreachable': {
    en: 'The keys of your LMS cannot be read at the moment, so its message cannot be checked.',
    fr: 'Les clés de votre plateforme ne peuvent pas être lues en ce moment : son message ne peut pas être vérifié.',
  },
  'lti.refused.signature': {
    en: 'The signature on the message of your LMS is wrong.',
    fr: 'La signature du message de votre plateforme est fausse.',
  },
  'lti.refused.nonce-missing': {
    en: 'The message of your LMS lacks the number that makes it valid once only.',
    fr: 'Il manque au message de votre plateforme le numéro qui le rend valable une seule fois.',
  },
  'lti.refused.nonce-unknown': {
    en: 'The message of your LMS carries a number that was never given out.',
    fr: 'Le message de votre plateforme porte un numéro qui n’a jamais été donné.',
  },
  'lti.refused.nonce-other-login': {
    en: 'The message of your LMS was made for an earlier visit or for another browser.',
    fr: 'Le message de votre plateforme a été fait pour une visite précédente ou pour un autre navigateur.',
  },
  'lti.refused.nonce-used': {
    en: 'This link from your LMS has already been used: it works once.',
    fr: 'Ce lien de votre plateforme a déjà servi : il ne fonctionne qu’une fois.',
  },
  'lti.refused.login-late': {
    en: 'Too much time passed between the click and the answer of your LMS.',
    fr: 'Trop de temps s’est écoulé entre le clic et la réponse de votre plateforme.',
  },
  'lti.refused.expired': {
    en: 'The message of your LMS is too old. Its clock may be slow.',
    fr: 'Le message de votre plateforme est trop ancien. Son horloge retarde peut-être.',
  },
  'lti.refused.future': {
    en: 'The message of your LMS is dated in the future. Its clock is fast.',
    fr: 'Le message de votre plateforme est daté du futur. Son horloge avance.',
  },
  'lti.refused.message-type': {
    en: 'Your LMS asked for something Labplan does not do.',
    fr: 'Votre plateforme a demandé une chose que Labplan ne fait pas.',
  },
  'lti.refused.version': {
    en: 'Your LMS speaks another version of LTI than 1.3.',
    fr: 'Votre plateforme parle une autre version de LTI que la 1.3.',
  },
  'lti.refused.subject-missing': {
    en: 'Your LMS did not say who you are: guests cannot open a lab.',
    fr: 'Votre plateforme n’a pas dit qui vous êtes : les invités ne peuvent pas ouvrir de TP.',
  },
  'lti.refused.roles-missing': {
    en: 'Your LMS did not say in which role you come.',
    fr: 'Votre plateforme n’a pas dit à quel titre vous venez.',
  },
  'lti.refused.deployment-missing': {
    en: 'Your LMS did not say which of its installations of Labplan this is.',
    fr: 'Votre plateforme n’a pas dit de laquelle de ses installations de Labplan il s’agit.',
  },
  'lti.refused.resource-missing': {
    en: 'Your LMS did not say which activity this is.',
    fr: 'Votre plateforme n’a pas dit de quelle activité il s’agit.',
  },
  'lti.refused.context-missing': {
    en: 'The activity was opened outside a course.',
    fr: 'L’activité a été ouverte en dehors d’un cours.',
  },
  'lti.refused.claim-wrong': {
    en: 'One part of the message of your LMS is not in the agreed form ({claim}).',
    fr: 'Une partie du message de votre plateforme n’a pas la forme convenue ({claim}).',
  },
  'lti.refused.deployment-pending': {
    en: 'Labplan was added to your LMS in a second place (number {deployment}), which has not been accepted yet.',
    fr: 'Labplan a été ajouté à votre plateforme en un second endroit (numéro {deployment}), qui n’est pas encore accepté.',
  },
  'lti.refused.deployment-disabled': {
    en: 'Access from this place of your LMS (number {deployment}) has been switched off.',
    fr: 'L’accès depuis cet endroit de votre plateforme (numéro {deployment}) a été désactivé.',
  },
  'lti.refused.deep-link-role': {
    en: 'Only those who may edit the course can choose what an activity opens.',
    fr: 'Seules les personnes qui peuvent modifier le cours choisissent ce qu’ouvre une activité.',
  },
  'lti.refused.deep-link-types': {
    en: 'Your LMS does not accept activities here.',
    fr: 'Votre plateforme n’accepte pas d’activité à cet endroit.',
  },

  // The activity itself.
  'lti.refused.activity-unlinked': {
    en: 'This activity is not connected to a course yet.',
    fr: 'Cette activité n’est pas encore reliée à un cours.',
  },
  'lti.refused.activity-unlinked-teacher': {
    en: 'This activity is not connected to a course of Labplan yet.',
    fr: 'Cette activité n’est pas encore reliée à un cours de Labplan.',
  },
  'lti.refused.activity-copied': {
    en: 'This activity was copied from another course. Your teacher is asked what it shall open as soon as they open it.',
    fr: 'Cette activité a été copiée d’un autre cours. Votre enseignant devra dire ce qu’elle ouvre dès qu’il l’ouvrira.',
  },
  'lti.refused.course-not-open': {
    en: 'The course is not open to students at the moment.',
    fr: 'Le cours n’est pas ouvert aux étudiants en ce moment.',
  },

  // Registration.
  'lti.refused.registration-no-link': {
    en: 'Registering needs a one-time link that a Labplan administrator makes.',
    fr: 'L’enregistrement demande un lien à usage unique fait par un administrateur de Labplan.',
  },
  'lti.refused.registration-link-unknown': {
    en: 'This registration link is not one of ours, or it was withdrawn.',
    fr: 'Ce lien d’enregistrement n’est pas des nôtres, ou il a été retiré.',
  },
  'lti.refused.registration-link-used': {
    en: 'This registration link has been used: it works once.',
    fr: 'Ce lien d’enregistrement a déjà servi : il ne fonctionne qu’une fois.',
  },
  'lti.refused.registration-link-expired': {
    en: 'This registration link is older than an hour.',
    fr: 'Ce lien d’enregistrement a plus d’une heure.',
  },
  'lti.refused.registration-address': {
    en: 'Your LMS named an address that Labplan does not contact ({reason}).',
    fr: 'Votre plateforme a indiqué une adresse que Labplan ne contacte pas ({reason}).',
  },
  'lti.refused.registration-unreachable': {
    en: 'Labplan could not read what your LMS says about itself: {detail}',
    fr: 'Labplan n’a pas pu lire ce que votre plateforme dit d’elle-même : {detail}',
  },
  'lti.refused.registration-unreadable': {
    en: 'What your LMS says about itself is not in the agreed form ({claim}).',
    fr: 'Ce que votre plateforme dit d’elle-même n’a pas la forme convenue ({claim}).',
  },
  'lti.refused.registration-issuer': {
    en: 'The configuration speaks for {issuer}, but comes from another site.',
    fr: 'La configuration parle au nom de {issuer}, mais vient d’un autre site.',
  },
  'lti.refused.registration-said-no': {
    en: 'Your LMS refused the registration: {detail}',
    fr: 'Votre plateforme a refusé l’enregistrement : {detail}',
  },

  'lti.refused.code-used': {
    en: 'This way in has been used or is older than half a minute.',
    fr: 'Cet accès a déjà servi ou date de plus d’une demi-minute.',
  },
  'lti.refused.not-here': {
    en: 'There is nothing at this address.',
    fr: 'Il n’y a rien à cette adresse.',
  },
  'lti.refused.broken': {
    en: 'Something went wrong on our side and has been recorded.',
    fr: 'Une erreur est survenue de notre côté et a été enregistrée.',
  },

  'lti.paste.title': { en: 'Register an LMS', fr: 'Enregistrer une plateforme' },
  'lti.paste.how': {
    en: 'This link is for your LMS. In Moodle: Site administration › Plugins › External tool › Manage tools; paste it under “Tool URL” and press “Add LTI Advantage”. It works once, until its hour is over.',
    fr: 'Ce lien est destiné à votre plateforme. Dans Moodle : Administration du site › Plugins › Outil externe › Gérer les outils ; collez-le dans « URL de l’outil » et appuyez sur « Ajouter LTI Advantage ». Il sert une fois, jusqu’à la fin de son heure.',
  },

  'lti.registered.title': { en: 'Your LMS is registered', fr: 'Votre plateforme est enregistrée' },
  'lti.registered.pending': {
    en: 'Two things remain: activate the tool in your LMS, and ask a Labplan administrator to activate “{name}” here.',
    fr: 'Il reste deux choses : activer l’outil dans votre plateforme, et demander à un administrateur de Labplan d’activer « {name} » ici.',
  },
  'lti.registered.again': {
    en: '“{name}” was known already; its entry here is up to date. Nothing else is needed.',
    fr: '« {name} » était déjà connue ; son entrée ici est à jour. Rien d’autre n’est nécessaire.',
  },

  'lti.breakout.title': { en: 'One more click', fr: 'Encore un clic' },
  'lti.breakout.why': {
    en: 'Your browser keeps this page from working inside another site. It works in a window of its own.',
    fr: 'Votre navigateur empêche cette page de fonctionner à l’intérieur d’un autre site. Elle fonctionne dans sa propre fenêtre.',
  },
  'lti.breakout.go': { en: 'Open in a new window', fr: 'Ouvrir dans une nouvelle fenêtre' },
  'lti.breakout.teacher': {
    en: 'Choosing the content of an activity needs the dialog of the LMS: for that, use a browser that allows partitioned cookies (Chromium, Edge, Firefox, Safari 18.4 or later).',
    fr: 'Le choix du contenu d’une activité demande la fenêtre de la plateforme : utilisez pour cela un navigateur qui permet les cookies partitionnés (Chromium, Edge, Firefox, Safari 18.4 ou plus récent).',
  },

  'lti.choose.title': { en: 'Choose a course', fr: 'Choisir un cours' },
  'lti.choose.why': {
    en: 'The activity in your LMS will open this course: each student gets their own environment.',
    fr: 'L’activité de votre plateforme ouvrira ce cours : chaque étudiant y aura son propre environnement.',
  },
  'lti.choose.none': {
    en: 'There is no course yet. Make the first one.',
    fr: 'Il n’y a pas encore de cours. Créez le premier.',
  },
  'lti.choose.path': {
    en: 'Students begin at this path of the environment (may stay empty)',
    fr: 'On commence à ce chemin de l’environnement (peut rester vide)',
  },
  'lti.choose.go': { en: 'Use this course', fr: 'Utiliser ce cours' },
  'lti.choose.sending': { en: 'Back to your LMS', fr: 'Retour à votre plateforme' },
  'lti.choose.sent': {
    en: 'Your choice goes back to your LMS. Save the activity there.',
    fr: 'Votre choix retourne à votre plateforme. Enregistrez-y l’activité.',
  },
  'lti.choose.over': {
    en: 'This choice has been made or is too old. Press “Select content” in your LMS again.',
    fr: 'Ce choix a déjà été fait ou a expiré. Appuyez de nouveau sur « Sélectionner le contenu » dans votre plateforme.',
  },

  'lti.copied.title': { en: 'This activity was copied', fr: 'Cette activité a été copiée' },
  'lti.copied.what': {
    en: 'It opened “{course}” in {origin}. Here, in {here}, it opens nothing until you say what it shall open. Students are told that you have been asked.',
    fr: 'Elle ouvrait « {course} » dans {origin}. Ici, dans {here}, elle n’ouvre rien tant que vous n’avez pas dit ce qu’elle doit ouvrir. Les étudiants savent que la question vous est posée.',
  },
  'lti.copied.elsewhere': { en: 'another LMS course', fr: 'un autre cours de la plateforme' },
  'lti.copied.this-course': { en: 'this LMS course', fr: 'ce cours de la plateforme' },
  'lti.copied.edition': { en: 'It is a new edition', fr: 'C’est une nouvelle édition' },
  'lti.copied.edition-why': {
    en: 'A new course with the same plan at new dates, and nobody in it.',
    fr: 'Un nouveau cours avec la même planification à de nouvelles dates, et sans personne.',
  },
  'lti.copied.same': { en: 'It is the same course', fr: 'C’est le même cours' },
  'lti.copied.same-why': {
    en: 'Students from here join the same sessions, seats and allowance.',
    fr: 'Les étudiants d’ici rejoignent les mêmes séances, places et quotas.',
  },
  'lti.copied.not-agreed': {
    en: 'The new edition that was asked for was not agreed to: it was not made. You can ask again.',
    fr: 'La nouvelle édition demandée n’a pas été acceptée : elle n’a pas été créée. Vous pouvez refaire la demande.',
  },
  'lti.copied.other': {
    en: 'For another course, edit the activity in your LMS and press “Select content”.',
    fr: 'Pour un autre cours, modifiez l’activité dans votre plateforme et appuyez sur « Sélectionner le contenu ».',
  },
  'lti.copied.may-not': {
    en: 'Only somebody who may edit one of the two courses can decide this: press “Select content” in the activity, or ask a colleague who can.',
    fr: 'Seule une personne qui peut modifier l’un des deux cours peut en décider : appuyez sur « Sélectionner le contenu » dans l’activité, ou demandez à un collègue qui le peut.',
  },
  'lti.copied.decided': {
    en: 'This has been decided. Open the activity in your LMS again.',
    fr: 'C’est décidé. Ouvrez de nouveau l’activité dans votre plateforme.',
  },
} satisfies Record<string, Message>
