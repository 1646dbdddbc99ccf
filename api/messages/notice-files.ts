import type { Message } from '../locale.ts'

/** What people are told of files and what keeps them: when they go, and while they are away or lost. As in `notice.ts`. */
export const noticeFiles = {
  'notice.files-end': {
    en: 'Files of “{course}” are deleted {goneAt}',
    fr: 'Les fichiers de « {course} » seront supprimés {goneAt}',
  },
  'notice.files-end.text': {
    en: {
      one: 'What a student of {course} keeps on their disk is deleted {goneAt} (one disk). What they handed in stays.',
      other:
        'What students of {course} keep on their disks is deleted {goneAt} ({count} disks). What they handed in stays.',
    },
    fr: {
      one: 'Ce qu’un étudiant de « {course} » garde sur son disque sera supprimé {goneAt} (un disque). Ses rendus restent.',
      other:
        'Ce que les étudiants de « {course} » gardent sur leurs disques sera supprimé {goneAt} ({count} disques). Leurs rendus restent.',
    },
  },
  'notice.files-end.do': {
    en: 'Students may download their files until then, from their workspace’s page. To keep them longer, raise “Kept after the last class (days)” in the course’s settings, or plan another class: the date moves with it.',
    fr: 'D’ici là, les étudiants peuvent télécharger leurs fichiers depuis la page de leur espace. Pour les garder plus longtemps, augmentez « Gardés après la dernière séance (jours) » dans les réglages du cours, ou prévoyez une autre séance : la date suivra.',
  },
  'notice.data-end': {
    en: 'Data of “{course}” are deleted {goneAt}',
    fr: 'Les données de « {course} » seront supprimées {goneAt}',
  },
  'notice.data-end.text': {
    en: {
      one: 'One version of the data that workspaces of {course} read is deleted {goneAt}.',
      other: '{count} versions of the data that workspaces of {course} read are deleted {goneAt}.',
    },
    fr: {
      one: 'Une version des données que lisent les espaces de « {course} » sera supprimée {goneAt}.',
      other:
        '{count} versions des données que lisent les espaces de « {course} » seront supprimées {goneAt}.',
    },
  },
  'notice.data-end.rest': {
    en: 'The version in force stays until the course is archived.',
    fr: 'La version en vigueur reste jusqu’à l’archivage du cours.',
  },
  'notice.data-end.all': {
    en: 'The version in force is among them, since the course is archived: take it out of the archive to keep that one.',
    fr: 'La version en vigueur en fait partie, car le cours est archivé : désarchivez-le pour garder celle-là.',
  },
  'notice.data-end.do': {
    en: 'To keep them longer, raise “Kept after the last class (days)” in the course’s settings, or plan another class: the date moves with it.',
    fr: 'Pour les garder plus longtemps, augmentez « Gardés après la dernière séance (jours) » dans les réglages du cours, ou prévoyez une autre séance : la date suivra.',
  },
  'notice.personal-end': {
    en: {
      one: 'Labplan: a personal folder is deleted {goneAt}',
      other: 'Labplan: {count} personal folders are deleted {goneAt}',
    },
    fr: {
      one: 'Labplan : un dossier personnel sera supprimé {goneAt}',
      other: 'Labplan : {count} dossiers personnels seront supprimés {goneAt}',
    },
  },
  'notice.personal-end.text': {
    en: {
      one: 'The time for which the personal folder of one student is kept ends, and it is deleted {goneAt}. Their page says so. Who begins in a course that has it before keeps theirs.',
      other:
        'The time for which the personal folders of {count} students are kept ends, and they are deleted {goneAt}. Their page says so. Who begins in a course that has it before keeps theirs.',
    },
    fr: {
      one: 'Le dossier personnel d’un étudiant n’est plus gardé au-delà : il sera supprimé {goneAt}. Sa page le dit. Qui commence avant dans un cours qui l’offre garde le sien.',
      other:
        'Les dossiers personnels de {count} étudiants ne sont plus gardés au-delà : ils seront supprimés {goneAt}. Leur page le dit. Qui commence avant dans un cours qui l’offre garde le sien.',
    },
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
    en: {
      one: 'Labplan: a volume is missing or damaged',
      other: 'Labplan: {count} volumes are missing or damaged',
    },
    fr: {
      one: 'Labplan : un volume est absent ou endommagé',
      other: 'Labplan : {count} volumes sont absents ou endommagés',
    },
  },
  'notice.volumes-lost.text': {
    en: 'Their storage answers. Not there: {missing}; cannot be mounted: {damaged}. Nothing was deleted, and nothing new is made in their place: their seats do not start. Mount the disk they were on, or restore it; all goes on by itself then. labplan volume list --full names each.',
    fr: 'Leur stockage répond. Absents : {missing} ; impossibles à monter : {damaged}. Rien n’a été supprimé et rien de neuf n’est créé à leur place : leurs postes ne démarrent pas. Montez le disque qui les portait, ou restaurez-le ; tout reprendra de soi-même. labplan volume list --full les nomme.',
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
  'notice.data-not-there': {
    en: 'Labplan: version {version} of the data of {course} is to be deleted, and is not there',
    fr: 'Labplan : la version {version} des données de {course} est à supprimer, et elle n’est pas là',
  },
  'notice.data-not-there.text': {
    en: 'It was made as {name}, and the disk that the storage agent has before it has nothing of it. Nothing counts as deleted. Mount the disk it was on: it is deleted by itself then. labplan doctor names it until it is; docs/storage-away.md says what to do where it is lost for good.',
    fr: 'Elle a été créée sous le nom {name}, et le disque que l’agent de stockage a devant lui n’en a rien. Rien ne compte comme supprimé. Montez le disque qui la portait : elle sera alors supprimée d’elle-même. labplan doctor la nomme jusque-là ; docs/storage-away.md dit que faire si elle est perdue pour de bon.',
  },
  'notice.volumes-found': {
    en: 'Labplan: no volume is missing or damaged any more',
    fr: 'Labplan : plus aucun volume n’est absent ni endommagé',
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
} satisfies Record<string, Message>
