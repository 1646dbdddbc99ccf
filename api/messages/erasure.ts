import type { Message } from '../locale.ts'

/** What is kept of a person, and how it goes. */
export const erasure = {
  'erasure.mine': { en: 'My data', fr: 'Mes données' },
  'erasure.mine.lead': {
    en: 'What is kept of you here, and how to have it erased.',
    fr: 'Ce qui est conservé de vous ici, et comment le faire effacer.',
  },
  'erasure.records': {
    en: {
      one: 'Your name and identity as your LMS sent them, your place in one of its courses, your logins, and your workspaces.',
      other:
        'Your name and identity as your LMS sent them, your place in {count} of its courses, your logins, and your workspaces.',
    },
    fr: {
      one: 'Votre nom et votre identité tels que votre LMS les a transmis, votre place dans un de ses cours, vos connexions et vos espaces.',
      other:
        'Votre nom et votre identité tels que votre LMS les a transmis, votre place dans {count} de ses cours, vos connexions et vos espaces.',
    },
  },
  'erasure.records.of': {
    en: {
      one: 'Name and identity as the LMS sent them, the place in one of its courses, logins, and workspaces.',
      other:
        'Name and identity as the LMS sent them, the place in {count} of its courses, logins, and workspaces.',
    },
    fr: {
      one: 'Le nom et l’identité transmis par le LMS, la place dans un de ses cours, les connexions et les espaces.',
      other:
        'Le nom et l’identité transmis par le LMS, la place dans {count} de ses cours, les connexions et les espaces.',
    },
  },
  'erasure.what': { en: 'What', fr: 'Quoi' },
  'erasure.size': { en: 'Size', fr: 'Taille' },
  'erasure.becomes': { en: 'What becomes of it', fr: 'Ce qu’il en advient' },
  'erasure.volume': { en: 'Files of a workspace', fr: 'Fichiers d’un espace' },
  'erasure.personal': { en: 'The personal folder', fr: 'Le dossier personnel' },
  'erasure.submission': { en: 'Submission {number}', fr: 'Rendu {number}' },
  'erasure.goes': { en: 'is deleted', fr: 'est supprimé' },
  'erasure.stays': {
    en: 'is kept until {when}, with your name: {reason}',
    fr: 'est conservé jusqu’au {when}, avec votre nom : {reason}',
  },
  'erasure.stays.of': {
    en: 'is kept until {when}, with the name: {reason}',
    fr: 'est conservé jusqu’au {when}, avec le nom : {reason}',
  },
  'erasure.nothing': {
    en: 'No files and no submissions.',
    fr: 'Ni fichiers ni rendus.',
  },
  'erasure.ask': { en: 'Erase it all', fr: 'Tout effacer' },
  'erasure.ask.explain': {
    en: 'At once and for good: nobody can bring it back, and a backup is made to forget it too. Download first what you want to keep. Marks that are in your LMS stay there. If you open an activity again, you begin anew.',
    fr: 'Immédiatement et définitivement : personne ne peut revenir en arrière, et une sauvegarde restaurée l’oublie aussi. Téléchargez d’abord ce que vous voulez garder. Les notes déjà dans votre LMS y restent. Si vous rouvrez une activité, vous repartez de zéro.',
  },
  'erasure.ask.explain.of': {
    en: 'At once and for good: nobody can bring it back, and a backup is made to forget it too. Who opens an activity again begins anew.',
    fr: 'Immédiatement et définitivement : personne ne peut revenir en arrière, et une sauvegarde restaurée l’oublie aussi. Qui rouvre une activité repart de zéro.',
  },
  'erasure.running': {
    en: {
      one: 'A workspace is running. It is stopped first, and what is not saved is lost.',
      other:
        '{count} workspaces are running. They are stopped first, and what is not saved is lost.',
    },
    fr: {
      one: 'Un espace est en marche. Il est d’abord arrêté, et ce qui n’est pas enregistré est perdu.',
      other:
        '{count} espaces sont en marche. Ils sont d’abord arrêtés, et ce qui n’est pas enregistré est perdu.',
    },
  },
  'erasure.understood': {
    en: 'I understand that this cannot be undone.',
    fr: 'J’ai compris que c’est sans retour.',
  },
  'erasure.go': { en: 'Erase now', fr: 'Effacer maintenant' },
  'erasure.not-administrators': {
    en: 'Who administers this installation is not erased here: another administrator has to take that right away first.',
    fr: 'Qui administre cette installation n’est pas effacé ici : un autre administrateur doit d’abord retirer ce droit.',
  },
  'erasure.title': { en: 'Erasure', fr: 'Effacement' },
  'erasure.open': {
    en: 'Under way: what is not deleted yet follows by itself, within minutes. This page follows it.',
    fr: 'En cours : ce qui n’est pas encore supprimé suit de lui-même, en quelques minutes. Cette page le suit.',
  },
  'erasure.kept': {
    en: 'Done, but for what a duty keeps: that goes by itself on its date.',
    fr: 'Fait, sauf ce qu’une obligation conserve : cela sera supprimé de soi-même à la date dite.',
  },
  'erasure.done': {
    en: 'Done: nothing of it is left.',
    fr: 'Fait : il n’en reste rien.',
  },
  'erasure.ordered': { en: 'Ordered on {when}.', fr: 'Ordonné le {when}.' },
  'erasure.link': {
    en: 'Keep the address of this page: it is the only way back to it, and it names nobody.',
    fr: 'Gardez l’adresse de cette page : c’est le seul moyen d’y revenir, et elle ne nomme personne.',
  },
  'erasure.item.wanted': { en: 'to be deleted', fr: 'à supprimer' },
  'erasure.item.gone': { en: 'deleted', fr: 'supprimé' },
  'erasure.item.kept': {
    en: 'kept until {when}: {reason}',
    fr: 'conservé jusqu’au {when} : {reason}',
  },
  'erasure.receipt': { en: 'Receipt {number}', fr: 'Reçu {number}' },
  'erasure.receipt.explain': {
    en: 'What was removed, and what was looked at afterwards. Its seal is {hash}.',
    fr: 'Ce qui a été supprimé, et ce qui a été vérifié ensuite. Son sceau est {hash}.',
  },
  'erasure.receipt.sealed': {
    en: 'The receipt, word for word as it was sealed',
    fr: 'Le reçu, mot pour mot tel qu’il a été scellé',
  },
  'admin.people': { en: 'People', fr: 'Personnes' },
  'people.find': { en: 'Name or pseudonym', fr: 'Nom ou pseudonyme' },
  'people.find.go': { en: 'Find', fr: 'Chercher' },
  'people.find.explain': {
    en: 'To see what is kept of somebody, or to erase it when they ask for it.',
    fr: 'Pour voir ce qui est conservé de quelqu’un, ou l’effacer à sa demande.',
  },
  'people.none': {
    en: 'Nobody of that name. The LMS may have sent none: their pseudonym is in the audit log.',
    fr: 'Personne de ce nom. Le LMS n’en a peut-être pas transmis : le pseudonyme est dans le journal d’audit.',
  },
  'people.unnamed': { en: 'without a name', fr: 'sans nom' },
  'people.seen': { en: 'Last seen', fr: 'Dernière venue' },
  'people.courses': { en: 'Workspaces', fr: 'Espaces' },
  'people.erasures': { en: 'Erasures', fr: 'Effacements' },
  'people.erasures.none': { en: 'Nobody was erased yet.', fr: 'Personne n’a encore été effacé.' },
  'people.erasures.by': { en: 'Ordered by', fr: 'Ordonné par' },
  'people.erasures.state': { en: 'State', fr: 'État' },
  'people.erasures.when': { en: 'When', fr: 'Quand' },
  'people.erasures.items': { en: 'Deleted / kept / to do', fr: 'Supprimés / gardés / à faire' },
  'erasure.state.open': { en: 'under way', fr: 'en cours' },
  'erasure.state.kept': { en: 'done, duty keeps some', fr: 'fait, obligation en partie' },
  'erasure.state.done': { en: 'done', fr: 'fait' },
  'erasure.by.person': { en: 'themselves', fr: 'la personne' },
  'erasure.by.administrator': { en: 'an administrator', fr: 'un administrateur' },
  'erasure.by.operator': { en: 'the operator', fr: 'l’opérateur' },
  'erasure.by.replay': { en: 'the ledger, again', fr: 'le registre, à nouveau' },
  'problem.not-understood': {
    en: 'Tick the box first: this cannot be undone.',
    fr: 'Cochez d’abord la case : c’est sans retour.',
  },
} satisfies Record<string, Message>
