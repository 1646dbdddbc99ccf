import type { Message } from '../locale.ts'

/** What a course is besides its classes; and the way between the pages of a course. */
export const settings = {
  'course-part.nav': { en: 'This course', fr: 'Ce cours' },
  'course-part.class': { en: 'Class', fr: 'Classe' },
  'course-part.plan': { en: 'Plan', fr: 'Planification' },
  'course-part.settings': { en: 'Settings', fr: 'Réglages' },
  'course-part.timetable': { en: 'Timetable', fr: 'Emploi du temps' },
  'course-part.sharing': { en: 'Sharing, copies', fr: 'Partage, copies' },

  'settings.general': { en: 'General', fr: 'Général' },
  'settings.titleEn': { en: 'Title in English', fr: 'Titre en anglais' },
  'settings.titleFr': { en: 'Title in French', fr: 'Titre en français' },
  'settings.descriptionEn': { en: 'Description in English', fr: 'Description en anglais' },
  'settings.descriptionEn.hint': {
    en: 'Students read it on their page, before they start. It names nobody.',
    fr: 'Les étudiants la lisent sur leur page, avant de commencer. Elle ne nomme personne.',
  },
  'settings.descriptionFr': { en: 'Description in French', fr: 'Description en français' },
  'settings.environment': { en: 'What students work in', fr: 'Environnement de travail' },
  'settings.pool': { en: 'Where it runs', fr: 'Où cela tourne' },
  'settings.state': { en: 'State', fr: 'État' },

  'settings.groups': { en: 'Groups', fr: 'Groupes' },
  'settings.groups.hint': {
    en: 'Where a class is for a part of the students: one line for each, a name and how many, such as tuesday 15. Seats may follow: tuesday 15 1-15.',
    fr: 'Quand une séance est pour une partie des étudiants : une ligne par groupe, un nom et combien, comme mardi 15. Des postes peuvent suivre : mardi 15 1-15.',
  },
  'settings.error.groups': {
    en: 'a name in small letters and a number on each line, not “{line}”',
    fr: 'un nom en minuscules et un nombre par ligne, pas « {line} »',
  },

  'settings.resources': { en: 'Resources of each student', fr: 'Ressources de chaque étudiant' },
  'settings.resources.hint': {
    en: 'Reserved for each: nobody can take another’s.',
    fr: 'Réservées à chacun : personne ne prend celles d’un autre.',
  },
  'settings.cpu': { en: 'Processor (cores)', fr: 'Processeur (cœurs)' },
  'settings.memoryMb': { en: 'Memory (MB)', fr: 'Mémoire (Mo)' },
  'settings.diskMb': { en: 'Local disk (MB)', fr: 'Disque local (Mo)' },
  'settings.gpuKind': { en: 'Graphics card', fr: 'Carte graphique' },
  'settings.gpuCount': { en: 'How many of them', fr: 'Combien' },
  'settings.no-gpu': { en: 'None', fr: 'Aucune' },

  'settings.storage': { en: 'Files', fr: 'Fichiers' },
  'settings.volumeQuotaMb': { en: 'Each student’s files (MB)', fr: 'Fichiers de chacun (Mo)' },
  'settings.volumeQuotaMb.hint': {
    en: 'Empty: files are lost at each stop.',
    fr: 'Vide : les fichiers sont perdus à chaque arrêt.',
  },
  'settings.keepDays': {
    en: 'Kept after the last class (days)',
    fr: 'Gardés après la dernière séance (jours)',
  },
  'settings.kept-until': {
    en: 'Files are kept until {day}.',
    fr: 'Les fichiers sont gardés jusqu’au {day}.',
  },
  'settings.personalVolume': {
    en: 'Each student’s personal folder',
    fr: 'Dossier personnel de chacun',
  },
  'settings.personalVolume.hint': {
    en: 'One of {quotaMb} MB for all their courses that have it, at /personal. Only they can open it.',
    fr: 'Un seul de {quotaMb} Mo pour tous leurs cours qui en ont un, à /personal. Eux seuls peuvent l’ouvrir.',
  },
  'settings.submissions': { en: 'Students may hand in work', fr: 'On peut rendre un travail' },
  'settings.submissionsDue': { en: 'Deadline', fr: 'Date limite' },
  'settings.submissionsDue.hint': {
    en: 'Empty: nothing is late. What is late is kept too.',
    fr: 'Vide : rien n’est en retard. Ce qui l’est est gardé aussi.',
  },
  'settings.submissionsMost': {
    en: 'Submissions kept of each student',
    fr: 'Rendus conservés par étudiant',
  },
  'settings.submissionsMb': {
    en: 'Their size together (MB)',
    fr: 'Leur taille en tout (Mo)',
  },

  'settings.lifecycle': { en: 'Automatic stop', fr: 'Arrêt automatique' },
  'settings.lifecycle.hint': {
    en: 'What is empty is as your institution has it, shown in grey. In class everybody stops with the class.',
    fr: 'Ce qui est vide suit votre établissement, en gris. En séance, tout s’arrête avec elle.',
  },
  'settings.stopMinutes': {
    en: 'Stops outside class after (minutes)',
    fr: 'S’arrête hors séance après (minutes)',
  },
  'settings.warnMinutes': { en: 'Warned before (minutes)', fr: 'Prévenu avant (minutes)' },
  'settings.extendMinutes': { en: 'One click adds (minutes)', fr: 'Un clic ajoute (minutes)' },
  'settings.extendTimes': { en: 'How many such clicks', fr: 'Combien de clics' },
  'settings.idleMinutes': {
    en: 'Stops without work after (minutes)',
    fr: 'S’arrête sans travail après (minutes)',
  },
  'settings.idleMinutes.hint': {
    en: 'Outside class. 0: never. An open page is not work. With an NVIDIA GPU never either: its work cannot be counted.',
    fr: 'Hors séance. 0 : jamais. Une page ouverte n’est pas du travail. Avec un GPU NVIDIA, jamais non plus : son travail ne peut être compté.',
  },
  'settings.idleMinutesInClass': {
    en: 'The same in class (minutes)',
    fr: 'De même en séance (minutes)',
  },
  'settings.reserveMinutes': {
    en: 'A graphics card is held (minutes)',
    fr: 'Une carte graphique est tenue (minutes)',
  },
  'settings.turnHours': {
    en: 'Longest turn while others wait (hours)',
    fr: 'Tour le plus long si d’autres attendent (heures)',
  },
  'settings.turnHours.hint': { en: '0: no turns.', fr: '0 : pas de tours.' },
  'settings.holdMinutes': {
    en: 'A place is held for whose turn it is (minutes)',
    fr: 'Une place est tenue pour qui a son tour (minutes)',
  },

  'settings.outside': { en: 'Outside class', fr: 'Hors séance' },
  'settings.outside.hint': {
    en: 'Students come back to their work by themselves, from the first class to the last.',
    fr: 'On revient à son travail de soi-même, de la première à la dernière séance.',
  },
  'settings.openFrom': { en: 'Open from', fr: 'Ouvert à partir du' },
  'settings.openTo': { en: 'Open until', fr: 'Ouvert jusqu’au' },
  'settings.headroomHours': { en: 'Hours of the day', fr: 'Heures de la journée' },
  'settings.headroomHours.hint': { en: 'Such as 08:00-22:00.', fr: 'Par exemple 08:00-22:00.' },
  'settings.headroomSeats': { en: 'Seats kept ready to start', fr: 'Postes prêts à démarrer' },
  'settings.headroomSeats.hint': {
    en: 'Empty: one in ten students, at least 2. 0: closed outside class.',
    fr: 'Vide : un étudiant sur dix, au moins 2. 0 : fermé hors séance.',
  },
  'settings.headroomAtOnce': { en: 'Most at work at once', fr: 'Au travail à la fois, au plus' },
  'settings.headroomAtOnce.hint': {
    en: 'Past those kept ready, the start takes minutes.',
    fr: 'Au-delà de ceux qui sont prêts, le démarrage prend des minutes.',
  },
  'settings.headroomReserved': {
    en: 'Of these, with machines reserved',
    fr: 'Parmi eux, avec machines réservées',
  },
  'settings.headroomDays': { en: 'Days', fr: 'Jours' },
  'settings.days': { en: 'Days', fr: 'Jours' },
  'settings.day.MO': { en: 'Mon', fr: 'lun.' },
  'settings.day.TU': { en: 'Tue', fr: 'mar.' },
  'settings.day.WE': { en: 'Wed', fr: 'mer.' },
  'settings.day.TH': { en: 'Thu', fr: 'jeu.' },
  'settings.day.FR': { en: 'Fri', fr: 'ven.' },
  'settings.day.SA': { en: 'Sat', fr: 'sam.' },
  'settings.day.SU': { en: 'Sun', fr: 'dim.' },

  'settings.change': { en: '{what}: {from} → {to}', fr: '{what} : {from} → {to}' },
  'settings.unsaid': { en: '(nothing)', fr: '(rien)' },
  'settings.value.yes': { en: 'yes', fr: 'oui' },
  'settings.error.title': {
    en: 'a title of up to 200 letters',
    fr: 'un titre, 200 lettres au plus',
  },
  'settings.error.long': { en: 'at most {most} letters', fr: '{most} lettres au plus' },
  'settings.error.number': {
    en: 'a number from {least} to {most}',
    fr: 'un nombre de {least} à {most}',
  },
  'settings.error.day': { en: 'a day that exists', fr: 'un jour qui existe' },
  'settings.error.hours': {
    en: 'from and to in 24 hours, such as 08:00-20:00',
    fr: 'de et à, sur 24 heures, par exemple 08:00-20:00',
  },
  'settings.refused.person': {
    en: 'It names a person. A course is kept where reviewers read it, and names roles and groups only: take the name or address out, then save again.',
    fr: 'Le texte nomme une personne. Un cours est conservé là où des relecteurs le lisent, et ne nomme que rôles et groupes : retirez le nom ou l’adresse, puis enregistrez de nouveau.',
  },
  'settings.refused.denied': {
    en: 'The rules of your institution do not allow this: nothing was saved. Your infra team can tell you what would be.',
    fr: 'Les règles de votre établissement ne le permettent pas : rien n’a été enregistré. Votre équipe infra peut vous dire ce qui le serait.',
  },
  'settings.refused.secret': {
    en: 'It looks like a password or a key. A course is kept where reviewers read it: take it out, then save again. The student’s own password is {{password}}.',
    fr: 'Cela ressemble à un mot de passe ou une clé. Un cours est conservé là où des relecteurs le lisent : retirez-le, puis enregistrez de nouveau. Le mot de passe de chaque étudiant est {{password}}.',
  },
} satisfies Record<string, Message>
