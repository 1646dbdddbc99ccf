import type { Message } from '../locale.ts'

/** The student's connection window, as its teacher sets it. */
export const window = {
  'course-part.window': { en: 'Connection', fr: 'Connexion' },
  'window.ports': { en: 'Ways in, in this order', fr: 'Accès, dans cet ordre' },
  'window.no-ports': {
    en: 'What students work in has no way in yet.',
    fr: 'Ce dans quoi on travaille n’a pas encore d’accès.',
  },
  'window.title-en': { en: 'Called in English', fr: 'Nommé en anglais' },
  'window.title-fr': { en: 'Called in French', fr: 'Nommé en français' },
  'window.up': { en: 'Move {port} up', fr: 'Monter {port}' },
  'window.down': { en: 'Move {port} down', fr: 'Descendre {port}' },
  'window.kind.web': { en: 'web page', fr: 'page web' },
  'window.kind.ssh': { en: 'SSH', fr: 'SSH' },
  'window.kind.vnc': { en: 'VNC', fr: 'VNC' },
  'window.kind.tcp': { en: 'address', fr: 'adresse' },
  'window.secrets': { en: 'Login and password', fr: 'Identifiant et mot de passe' },
  'window.login': { en: 'Show the login', fr: 'Afficher l’identifiant' },
  'window.password.click': { en: 'shown on a click', fr: 'affiché au clic' },
  'window.password.shown': { en: 'always shown', fr: 'toujours affiché' },
  'window.password.never': { en: 'not shown', fr: 'pas affiché' },
  'window.texts': { en: 'Text', fr: 'Texte' },
  'window.textEn': { en: 'In English', fr: 'En anglais' },
  'window.textFr': { en: 'In French', fr: 'En français' },
  'window.tokens': {
    en: 'Plain text; an empty line begins a paragraph. Type two braces for what is each student’s own:',
    fr: 'Texte simple ; une ligne vide commence un paragraphe. Tapez deux accolades pour ce qui est propre à chacun :',
  },
  'window.offered': { en: 'What can be filled in', fr: 'Ce qui peut être rempli' },
  'window.token.user': { en: 'login', fr: 'identifiant' },
  'window.token.password': { en: 'password', fr: 'mot de passe' },
  'window.token.host': { en: 'machine’s address', fr: 'adresse de la machine' },
  'window.token.seat': { en: 'number of the seat', fr: 'numéro du poste' },
  'window.token.port': { en: 'port number of {port}', fr: 'numéro de port de {port}' },
  'window.buttons': { en: 'More buttons', fr: 'Autres boutons' },
  'window.buttons.hint': {
    en: 'A button opens a page of the environment at a path, or a program on the student’s own computer.',
    fr: 'Un bouton ouvre une page de l’environnement à un chemin, ou un programme de l’ordinateur de l’étudiant.',
  },
  'window.button': { en: 'Button {number}', fr: 'Bouton {number}' },
  'window.button-en': { en: 'Name in English', fr: 'Nom en anglais' },
  'window.button-fr': { en: 'Name in French', fr: 'Nom en français' },
  'window.button-to': { en: 'Opens', fr: 'Ouvre' },
  'window.button-where': { en: 'path or address', fr: 'chemin ou adresse' },
  'window.to-port': { en: '{title} at a path', fr: '{title} à un chemin' },
  'window.to-link': { en: 'An address', fr: 'Une adresse' },
  'window.path': {
    en: 'Path, such as /lab/tree/week3.ipynb',
    fr: 'Chemin, comme /lab/tree/week3.ipynb',
  },
  'window.link': {
    en: 'Address, such as ssh://{{user}}@{{host}}',
    fr: 'Adresse, comme ssh://{{user}}@{{host}}',
  },
  'window.add': { en: 'Add a button', fr: 'Ajouter un bouton' },
  'window.drop': { en: 'Remove button {number}', fr: 'Supprimer le bouton {number}' },
  'window.sample': { en: 'As a student sees it', fr: 'Comme le voit un étudiant' },
  'window.look': { en: 'Show it', fr: 'Montrer' },
  'window.wrong': {
    en: 'Shown again once the above is corrected.',
    fr: 'Montré de nouveau quand ce qui précède est corrigé.',
  },
  'window.stale': {
    en: 'Somebody else saved this course meanwhile. What you wrote is still here; saving again puts it in the place of what they have for this page, and leaves everything else as they have it.',
    fr: 'Quelqu’un d’autre a enregistré ce cours entre-temps. Ce que vous avez écrit est toujours là ; enregistrer de nouveau le met à la place de ce qu’ils ont pour cette page, et laisse tout le reste comme ils l’ont.',
  },
  'window.error.token': {
    en: '{{{token}}} means nothing here',
    fr: '{{{token}}} ne veut rien dire ici',
  },
  'window.error.title': {
    en: 'a name of up to {most} letters',
    fr: 'un nom, {most} lettres au plus',
  },
  'window.error.port': {
    en: 'a web page of the environment',
    fr: 'une page web de l’environnement',
  },
  'window.error.path': {
    en: 'a path in the environment, beginning with one slash',
    fr: 'un chemin de l’environnement, qui commence par une barre oblique',
  },
  'window.error.link': {
    en: 'an address with {schemes}, and without the password',
    fr: 'une adresse avec {schemes}, et sans le mot de passe',
  },
} satisfies Record<string, Message>
