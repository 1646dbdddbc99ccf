import type { Message } from '../locale.ts'

/** Receipts: what a session made, took away and keeps. */
export const receipt = {
  'receipt.past': { en: 'Past sessions', fr: 'Séances passées' },
  'receipt.none-yet': {
    en: 'No session is over yet. Each one leaves a receipt here: what was made for it, removed after it, and kept.',
    fr: 'Aucune séance n’est encore finie. Chacune laisse ici un reçu : ce qui a été créé pour elle, supprimé ensuite et conservé.',
  },
  'receipt.title': { en: 'Receipt', fr: 'Reçu' },
  'receipt.pending': {
    en: 'Comes when nothing of it runs any more.',
    fr: 'Viendra quand plus rien d’elle ne tournera.',
  },
  'receipt.absent': {
    en: 'None: it was over before it was planned here.',
    fr: 'Aucun : elle était finie avant d’être prévue ici.',
  },
  'receipt.summary': {
    en: '{created} created, {destroyed} destroyed, {kept} kept',
    fr: '{created} créés, {destroyed} supprimés, {kept} conservés',
  },
  'receipt.created': { en: 'Created', fr: 'Créé' },
  'receipt.destroyed': { en: 'Destroyed', fr: 'Supprimé' },
  'receipt.kept': { en: 'Kept', fr: 'Conservé' },
  'receipt.nothing': { en: 'nothing', fr: 'rien' },
  'receipt.services': {
    en: { one: '{count} service', other: '{count} services' },
    fr: { one: '{count} service', other: '{count} services' },
  },
  'receipt.volumes': {
    en: { one: '{count} volume', other: '{count} volumes' },
    fr: { one: '{count} volume', other: '{count} volumes' },
  },
  'receipt.secrets': {
    en: { one: '{count} secret', other: '{count} secrets' },
    fr: { one: '{count} secret', other: '{count} secrets' },
  },
  'receipt.until': { en: 'until {when}', fr: 'jusqu’au {when}' },
  'receipt.outage': {
    en: 'Its files could not be reached from {from} to {until}: nothing of it was stopped meanwhile, and what had to go went after.',
    fr: 'Ses fichiers n’étaient pas accessibles de {from} à {until} : rien d’elle n’a été arrêté pendant ce temps, et ce qui devait partir est parti ensuite.',
  },
  'receipt.outage-long': {
    en: 'Its files could not be reached from {from} to {until}: what had to stop waited for a day and was ended then, with what it had not saved.',
    fr: 'Ses fichiers n’étaient pas accessibles de {from} à {until} : ce qui devait s’arrêter a attendu un jour, puis a été arrêté, sans ce qui n’était pas enregistré.',
  },
  'receipt.outage-on': {
    en: 'Its files could not be reached since {from}.',
    fr: 'Ses fichiers n’étaient plus accessibles depuis {from}.',
  },
  'receipt.scratch': {
    en: 'Seats begun on a scratch home while files were away: {count}. Brought to the real home when this was written: {home}; what was left came after.',
    fr: 'Postes démarrés sur un dossier provisoire en l’absence des fichiers : {count}. Apportés dans le vrai dossier au moment de ce reçu : {home} ; le reste est venu ensuite.',
  },
  'receipt.later': { en: 'Removed since', fr: 'Supprimé depuis' },
  'receipt.later.of': { en: '{what}, the last {when}', fr: '{what}, en dernier le {when}' },
  'receipt.ready': { en: 'Ready', fr: 'Prête' },
  'receipt.opened': { en: 'Opened', fr: 'Ouverte' },
  'receipt.ended': { en: 'Ended', fr: 'Finie' },
  'receipt.closed': { en: 'Nothing of it ran any more', fr: 'Plus rien ne tournait' },
  'receipt.closed-at': { en: 'Closed', fr: 'Clôture' },
  'receipt.never': { en: 'never', fr: 'jamais' },
  'receipt.number': { en: 'No.', fr: 'N°' },
  'receipt.hash': { en: 'Seal', fr: 'Sceau' },
  'receipt.list.none': {
    en: 'No receipt yet: one is written when a session closes.',
    fr: 'Aucun reçu : il en est écrit un à la clôture de chaque séance.',
  },
  'receipt.chain.whole': {
    en: 'These receipts follow each other: none was changed or removed. labplan receipt verify walks the whole chain.',
    fr: 'Ces reçus se suivent : aucun n’a été modifié ni retiré. labplan receipt verify parcourt toute la chaîne.',
  },
  'receipt.chain.missing': {
    en: 'Receipt {number} is missing. Compare with a backup: labplan receipt verify',
    fr: 'Le reçu {number} manque. Comparez avec une sauvegarde : labplan receipt verify',
  },
  'receipt.chain.text-changed': {
    en: 'Receipt {number} was changed after it was written. Compare with a backup: labplan receipt verify',
    fr: 'Le reçu {number} a été modifié après coup. Comparez avec une sauvegarde : labplan receipt verify',
  },
  'receipt.chain.not-after-previous': {
    en: 'Receipt {number} does not follow the one before it. Compare with a backup: labplan receipt verify',
    fr: 'Le reçu {number} ne suit pas le précédent. Comparez avec une sauvegarde : labplan receipt verify',
  },
  'receipt.chain.not-readable': {
    en: 'Receipt {number} is not a receipt. Compare with a backup: labplan receipt verify',
    fr: 'Le reçu {number} n’en est pas un. Comparez avec une sauvegarde : labplan receipt verify',
  },
  'receipt.chain.cut': {
    en: {
      one: '{count} closed session has no receipt: it was removed. labplan receipt verify names it.',
      other:
        '{count} closed sessions have no receipt: they were removed. labplan receipt verify names them.',
    },
    fr: {
      one: '{count} séance close n’a pas de reçu : il a été retiré. labplan receipt verify la nomme.',
      other:
        '{count} séances closes n’ont pas de reçu : ils ont été retirés. labplan receipt verify les nomme.',
    },
  },
  'problem.no-receipt': {
    en: 'There is no receipt of session {session}: it is not closed yet, or no session has this key (labplan receipt list).',
    fr: 'Il n’y a pas de reçu de la séance {session} : elle n’est pas close, ou aucune séance n’a cette clé (labplan receipt list).',
  },
} satisfies Record<string, Message>
