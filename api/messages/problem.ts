import type { Message } from '../locale.ts'

/** What is said when a page or a call cannot be answered. */
export const problem = {
  'problem.title.400': { en: 'This request cannot be read', fr: 'Demande illisible' },
  'problem.title.401': {
    en: 'Please come in through your LMS',
    fr: 'Passez par votre plateforme de cours',
  },
  'problem.title.403': { en: 'This is not open to you', fr: 'Accès refusé' },
  'problem.title.404': { en: 'There is nothing here', fr: 'Il n’y a rien ici' },
  'problem.title.409': { en: 'This cannot be done now', fr: 'Impossible pour le moment' },
  'problem.title.410': { en: 'This link has expired', fr: 'Ce lien a expiré' },
  'problem.title.413': { en: 'This is too large', fr: 'C’est trop volumineux' },
  'problem.title.500': { en: 'Something went wrong', fr: 'Une erreur est survenue' },
  'problem.title.503': { en: 'Back in a moment', fr: 'De retour dans un instant' },
  'problem.away': {
    en: 'Labplan is not available at the moment. Environments that run go on running; load this page again in a few seconds.',
    fr: 'Labplan est indisponible pour l’instant. Les environnements en marche continuent ; rechargez cette page dans quelques secondes.',
  },
  'problem.back.workspace': { en: 'Back to your workspace', fr: 'Retour à votre espace' },
  'problem.back.change': { en: 'Back to the change', fr: 'Retour à la modification' },
  'problem.back.course': { en: 'Back to the course', fr: 'Retour au cours' },
  'problem.back': { en: 'Back to the start page', fr: 'Retour à l’accueil' },

  'problem.bad-request': {
    en: 'The request is not complete. Go back, reload the page and try again.',
    fr: 'La demande est incomplète. Revenez en arrière, rechargez la page et réessayez.',
  },
  'problem.too-large': {
    en: 'What was sent is larger than {megabytes} MB: nothing was done. Go back, and send less of it: of a timetable, the events of this course alone.',
    fr: 'L’envoi dépasse {megabytes} Mo : rien n’a été fait. Revenez en arrière et envoyez-en moins : d’un emploi du temps, les seuls évènements de ce cours.',
  },
  'problem.no-run': {
    en: 'There is no such run, and no run of such a stack. The list of runs says what there is.',
    fr: 'Cette exécution n’existe pas, et aucune stack de ce nom n’en a. La liste des exécutions dit ce qu’il y a.',
  },
  'problem.run-ended': {
    en: 'This run is over: there is nothing to cancel.',
    fr: 'Cette exécution est finie : il n’y a rien à annuler.',
  },
  'problem.run-nothing-to-retry': {
    en: 'There is nothing to try again: a run of this stack is under way, or it is as wanted.',
    fr: 'Il n’y a rien à relancer : une exécution de cette stack est en cours, ou elle est comme attendu.',
  },
  'problem.sign-in': {
    en: 'Your sign-in has ended, or this page was opened directly. Open the activity in your LMS again: you come back to the same workspace and files.',
    fr: 'Votre connexion a expiré, ou cette page a été ouverte directement. Ouvrez de nouveau l’activité dans votre plateforme : vous retrouverez le même espace et les mêmes fichiers.',
  },
  'problem.not-allowed': {
    en: 'Your role in this course does not include this page.',
    fr: 'Votre rôle dans ce cours ne donne pas accès à cette page.',
  },
  'problem.foreign-form': {
    en: 'This form did not come from this site, or somebody else came in with this browser meanwhile. Nothing was done. Open the activity in your LMS again, and try once more.',
    fr: 'Ce formulaire ne vient pas de ce site, ou quelqu’un d’autre est entré avec ce navigateur entre-temps. Rien n’a été fait. Ouvrez de nouveau l’activité dans votre plateforme, puis réessayez.',
  },
  'problem.not-found': {
    en: 'The address may be mistyped, or what it showed is gone.',
    fr: 'L’adresse est peut-être erronée, ou ce qu’elle montrait n’existe plus.',
  },
  'problem.not-yours': {
    en: 'If it was here before, somebody else may have come in with this browser: open the activity in your LMS again.',
    fr: 'Si elle était là auparavant, quelqu’un d’autre est peut-être entré avec ce navigateur : ouvrez de nouveau l’activité dans votre plateforme.',
  },
  'problem.method': {
    en: 'This address does not answer to {method}.',
    fr: 'Cette adresse ne répond pas à {method}.',
  },
  'problem.bug': {
    en: 'The error is ours and has been recorded under {reference}. Try again in a moment; if it comes back, tell your teacher this reference.',
    fr: 'L’erreur vient de nous et a été enregistrée sous {reference}. Réessayez dans un instant ; si elle revient, donnez cette référence à votre enseignant.',
  },
  'problem.not-ready': {
    en: 'Your workspace does not run at the moment. Its page says how far it is.',
    fr: 'Votre espace ne fonctionne pas en ce moment. Sa page indique où il en est.',
  },
  'problem.no-door': {
    en: 'This environment has no such door.',
    fr: 'Cet environnement n’a pas cet accès.',
  },
  'problem.invite-used': {
    en: 'This link has been used or is too old. Ask for a new one.',
    fr: 'Ce lien a déjà servi ou a expiré. Demandez-en un nouveau.',
  },
  'problem.code-used': {
    en: 'This way in has been used or is too old. Open the activity in your LMS again.',
    fr: 'Cet accès a déjà servi ou a expiré. Ouvrez de nouveau l’activité dans votre plateforme.',
  },
  'problem.documents': {
    en: {
      one: '{count} error in the documents; nothing was changed.',
      other: '{count} errors in the documents; nothing was changed.',
    },
    fr: {
      one: '{count} erreur dans les documents ; rien n’a été changé.',
      other: '{count} erreurs dans les documents ; rien n’a été changé.',
    },
  },
  'problem.not-proposed': {
    en: 'This change does not wait for approval: it was decided meanwhile, or it does not exist.',
    fr: 'Cette modification n’attend pas d’approbation : elle a été décidée entre-temps, ou n’existe pas.',
  },
  'problem.plan-not-yours': {
    en: 'Plans are made by who may edit the LMS course. Open the activity’s settings in your LMS once (Select content), and come back.',
    fr: 'La planification revient à qui peut modifier le cours dans la plateforme. Ouvrez-y une fois les réglages de l’activité (Sélectionner le contenu), puis revenez.',
  },
  'problem.nothing-to-undo': {
    en: 'This cannot be undone: {documents} came with it. Archive a course instead: state: archived.',
    fr: 'Impossible d’annuler : {documents} est arrivé avec cette modification. Archivez plutôt le cours : state: archived.',
  },
  'problem.changed-since': {
    en: '{documents} was changed again since: undoing this would take that away, too. Nothing was done. Undo the later change first.',
    fr: '{documents} a été modifié de nouveau depuis : annuler ceci enlèverait aussi cela. Rien n’a été fait. Annulez d’abord la modification suivante.',
  },
  'problem.not-approved': {
    en: 'This change is not in force, so there is nothing to undo.',
    fr: 'Cette modification n’est pas en vigueur : il n’y a rien à annuler.',
  },
  'problem.head-moved': {
    en: 'Something else was approved meanwhile, so the outcome is no longer what you read. Read it again, then approve.',
    fr: 'Autre chose a été approuvé entre-temps, et le résultat n’est plus celui que vous avez lu. Relisez-le, puis approuvez.',
  },
  'problem.own-change': {
    en: 'You proposed this change yourself: somebody else has to approve it. The policy says who (solo: always lets one approve alone).',
    fr: 'Vous avez proposé cette modification : une autre personne doit l’approuver. La politique dit qui (solo: always permet d’approuver seul).',
  },
  'problem.not-asked': {
    en: 'The policy asks others to approve this change: {teams}.',
    fr: 'La politique demande à d’autres d’approuver cette modification : {teams}.',
  },
  'problem.change-denied': {
    en: 'The policy denies this change: {why}',
    fr: 'La politique refuse cette modification : {why}',
  },
  'problem.unknown-tools': {
    en: 'No tools of this digest were seen, or several: see labplan tools list.',
    fr: 'Aucun outil de cette empreinte n’a été vu, ou plusieurs : voir labplan tools list.',
  },
  'problem.altered-record': {
    en: '{what} Nothing is approved until that is repaired: restore the database from its backup, or see docs/policy.md.',
    fr: '{what} Rien n’est approuvé tant que ce n’est pas réparé : restaurez la base, ou voyez docs/policy.md.',
  },
} satisfies Record<string, Message>
