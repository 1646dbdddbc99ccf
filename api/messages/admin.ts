import type { Message } from '../locale.ts'

/** The administrator's pages. */
export const admin = {
  'admin.title': { en: 'Administration', fr: 'Administration' },
  'admin.overview': { en: 'Overview', fr: 'Vue d’ensemble' },
  'admin.platforms': { en: 'LMS platforms', fr: 'Plateformes' },
  'admin.courses': { en: 'Courses', fr: 'Cours' },
  'admin.pools': { en: 'Pools', fr: 'Pools' },
  'admin.runs': { en: 'Runs', fr: 'Exécutions' },
  'admin.inventory': { en: 'Inventory', fr: 'Inventaire' },
  'admin.forecast': { en: 'Forecast', fr: 'Prévision' },
  'admin.receipts': { en: 'Receipts', fr: 'Reçus' },
  'admin.changes': { en: 'Changes', fr: 'Modifications' },

  'admin.todo': { en: 'Waits for somebody', fr: 'Attend quelqu’un' },
  'admin.todo.none': { en: 'Nothing: all is well.', fr: 'Rien : tout va bien.' },
  'admin.todo.platforms': {
    en: { one: '{count} LMS platform to activate', other: '{count} LMS platforms to activate' },
    fr: { one: '{count} plateforme à activer', other: '{count} plateformes à activer' },
  },
  'admin.todo.changes': {
    en: { one: '{count} change to review', other: '{count} changes to review' },
    fr: { one: '{count} modification à revoir', other: '{count} modifications à revoir' },
  },
  'admin.todo.stacks': {
    en: { one: '{count} stack in trouble', other: '{count} stacks in trouble' },
    fr: { one: '{count} stack en difficulté', other: '{count} stacks en difficulté' },
  },
  'admin.todo.storage': {
    en: {
      one: 'The storage of volumes does not answer: what runs waits for it',
      other: '{count} storages of volumes do not answer: what runs waits for them',
    },
    fr: {
      one: 'Le stockage des volumes ne répond pas : ce qui tourne l’attend',
      other: '{count} stockages de volumes ne répondent pas : ce qui tourne les attend',
    },
  },
  'admin.todo.findings': {
    en: {
      one: '{count} thing is not as it should be',
      other: '{count} things are not as they should be',
    },
    fr: {
      one: '{count} chose n’est pas comme prévu',
      other: '{count} choses ne sont pas comme prévu',
    },
  },
  'admin.now': { en: 'Now', fr: 'En ce moment' },
  'admin.now.workspaces': {
    en: { one: 'workspace in use', other: 'workspaces in use' },
    fr: { one: 'espace utilisé', other: 'espaces utilisés' },
  },
  'admin.now.queued': {
    en: { one: 'person waiting', other: 'people waiting' },
    fr: { one: 'personne en attente', other: 'personnes en attente' },
  },
  'admin.now.seats': {
    en: { one: 'seat ready', other: 'seats ready' },
    fr: { one: 'poste prêt', other: 'postes prêts' },
  },
  'admin.now.runs': {
    en: { one: 'run under way', other: 'runs under way' },
    fr: { one: 'exécution en cours', other: 'exécutions en cours' },
  },
  'admin.now.courses': {
    en: { one: 'course', other: 'courses' },
    fr: { one: 'cours', other: 'cours' },
  },
  'admin.now.sessions': {
    en: { one: 'session to come', other: 'sessions to come' },
    fr: { one: 'séance à venir', other: 'séances à venir' },
  },

  'admin.platforms.none': {
    en: 'No LMS is connected yet. Create a registration link and paste it in the LMS’s tool settings.',
    fr: 'Aucune plateforme n’est reliée. Créez un lien d’inscription et collez-le dans les réglages d’outils de la plateforme.',
  },
  'admin.platform': { en: 'Platform', fr: 'Plateforme' },
  'admin.client': { en: 'Client id', fr: 'Identifiant client' },
  'admin.deployments': { en: 'Deployments', fr: 'Déploiements' },
  'admin.state': { en: 'State', fr: 'État' },
  'admin.since': { en: 'Since', fr: 'Depuis' },
  'admin.activate': { en: 'Activate', fr: 'Activer' },
  'admin.disable': { en: 'Disable', fr: 'Désactiver' },
  'admin.platform.pending': { en: 'waits for you', fr: 'vous attend' },
  'admin.platform.active': { en: 'active', fr: 'active' },
  'admin.platform.disabled': { en: 'disabled', fr: 'désactivée' },

  'admin.links': { en: 'Registration link', fr: 'Lien d’inscription' },
  'admin.links.explain': {
    en: 'In Moodle: Site administration, Plugins, External tool, Manage tools: paste the link as “Tool URL” and choose “Add LTI Advantage”. It works once.',
    fr: 'Dans Moodle : Administration du site, Plugins, Outil externe, Gérer les outils : collez le lien comme « URL de l’outil » et choisissez « Ajouter LTI Advantage ». Il sert une fois.',
  },
  'admin.links.name': { en: 'Name of the LMS', fr: 'Nom de la plateforme' },
  'admin.links.create': { en: 'Create a link', fr: 'Créer un lien' },
  'admin.links.made': {
    en: 'Copy it now: it is not shown again.',
    fr: 'Copiez-le maintenant : il ne sera plus affiché.',
  },
  'admin.links.until': { en: 'Valid until {when}', fr: 'Valable jusqu’au {when}' },

  'admin.courses.none': {
    en: 'No course yet. On the server: labplan course import examples/networks-101.yaml',
    fr: 'Aucun cours. Sur le serveur : labplan course import examples/networks-101.yaml',
  },
  'admin.course': { en: 'Course', fr: 'Cours' },
  'admin.next-session': { en: 'Next session', fr: 'Prochaine séance' },
  'admin.seats': { en: 'Seats', fr: 'Postes' },
  'admin.seats.running': { en: 'Running', fr: 'En marche' },
  'course.state.draft': { en: 'draft', fr: 'brouillon' },
  'course.state.test': { en: 'test', fr: 'essai' },
  'course.state.ready': { en: 'ready', fr: 'prêt' },
  'course.state.archived': { en: 'archived', fr: 'archivé' },

  'admin.pools.none': { en: 'No pool yet.', fr: 'Aucun pool.' },
  'admin.pool': { en: 'Pool', fr: 'Pool' },
  'admin.stacks': { en: 'Stacks', fr: 'Stacks' },

  'admin.runs.none': { en: 'Nothing has run yet.', fr: 'Rien ne s’est encore exécuté.' },
  'admin.run.stack': { en: 'Stack', fr: 'Stack' },
  'admin.run.kind': { en: 'Run', fr: 'Exécution' },
  'admin.run.took': { en: 'Took', fr: 'Durée' },
  'admin.run.at': { en: 'Started', fr: 'Début' },
  'admin.run.message': { en: 'Message', fr: 'Message' },

  'admin.changes.none': { en: 'No change yet.', fr: 'Aucune modification.' },
  'admin.change': { en: 'Change', fr: 'Modification' },
  'admin.change.lane': { en: 'Lane', fr: 'Voie' },
  'change.lane-is': { en: 'Lane: {lane}', fr: 'Voie : {lane}' },
  'admin.change.notes': { en: 'Notes', fr: 'Notes' },
  'admin.change.at': { en: 'When', fr: 'Quand' },
  'admin.change.approve': { en: 'Approve', fr: 'Approuver' },
  'lane.automatic': { en: 'automatic', fr: 'automatique' },
  'lane.review': { en: 'needs review', fr: 'à revoir' },
  'lane.deny': { en: 'denied', fr: 'refusée' },
  'change.proposed': { en: 'proposed', fr: 'proposée' },
  'change.approved': { en: 'approved', fr: 'approuvée' },
  'change.rejected': { en: 'rejected', fr: 'rejetée' },
  'change.superseded': { en: 'superseded', fr: 'remplacée' },
} satisfies Record<string, Message>
