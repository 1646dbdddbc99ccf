import type { Message } from '../locale.ts'

/** What the gateway says in place of an environment. */
export const gateway = {
  'gateway.stranger.title': {
    en: 'This environment is not open to you here',
    fr: 'Cet environnement ne vous est pas ouvert ici',
  },
  'gateway.stranger.text': {
    en: 'It opens only for the person it belongs to, in the browser they came from. Open the activity in your course page, then press Start: that brings you to your own.',
    fr: 'Il ne s’ouvre que pour la personne à qui il appartient, dans le navigateur d’où elle est venue. Ouvrez l’activité dans la page de votre cours, puis choisissez Démarrer : vous arriverez dans le vôtre.',
  },
  'gateway.ticket.title': {
    en: 'This link has served its turn',
    fr: 'Ce lien a déjà servi, ou a expiré',
  },
  'gateway.ticket.text': {
    en: 'The way in works once, for half a minute. Go to your activities, open your workspace, and press Start again.',
    fr: 'L’accès fonctionne une seule fois, pendant une demi-minute. Allez à vos activités, ouvrez votre espace et choisissez de nouveau Démarrer.',
  },
  'gateway.away.title': {
    en: 'Your environment is not running',
    fr: 'Votre environnement n’est pas en marche',
  },
  'gateway.away.text': {
    en: 'It may be starting, or it was stopped: your workspace page says which, and can start it. Your files are kept. This page opens the environment by itself as soon as it runs.',
    fr: 'Il est peut-être en train de démarrer, ou il a été arrêté : la page de votre espace le dit et permet de le lancer. Vos fichiers sont conservés. Cette page ouvrira l’environnement d’elle-même dès qu’il sera en marche.',
  },
  'gateway.silent.title': {
    en: 'Your environment does not answer yet',
    fr: 'Votre environnement ne répond pas encore',
  },
  'gateway.silent.text': {
    en: 'It runs, but the program behind this address does not answer. This page tries again by itself. If it lasts more than a minute, restart it from your workspace page: your files are kept.',
    fr: 'Il est en marche, mais le programme de cette adresse ne répond pas. Cette page réessaie d’elle-même. Si cela dure plus d’une minute, relancez-le depuis la page de votre espace : vos fichiers sont conservés.',
  },
  'gateway.nowhere.title': {
    en: 'There is no environment at this address',
    fr: 'Il n’y a pas d’environnement à cette adresse',
  },
  'gateway.nowhere.text': {
    en: 'Addresses change when an environment starts afresh. Open the activity in your course page: it leads to the present one.',
    fr: 'Les adresses changent quand un environnement repart à neuf. Ouvrez l’activité dans la page de votre cours : elle mène à l’adresse actuelle.',
  },
  'gateway.busy.title': {
    en: 'Too many connections to this environment',
    fr: 'Trop de connexions vers cet environnement',
  },
  'gateway.busy.text': {
    en: 'Close what you do not need, then try again.',
    fr: 'Fermez ce dont vous n’avez pas besoin, puis réessayez.',
  },
  'gateway.foreign.title': {
    en: 'Another site asked for this, so it was not done',
    fr: 'Un autre site a demandé cette action : elle n’a pas été faite',
  },
  'gateway.foreign.text': {
    en: 'Only pages of your own environment may act in it.',
    fr: 'Seules les pages de votre propre environnement peuvent y agir.',
  },
  'gateway.malformed.title': {
    en: 'This request cannot be understood',
    fr: 'Cette requête n’est pas compréhensible',
  },
  'gateway.malformed.text': {
    en: 'Its address, its Host header or its length is not said as HTTP/1.1 asks (RFC 9112).',
    fr: 'Son adresse, son en-tête Host ou sa longueur n’est pas conforme à HTTP/1.1 (RFC 9112).',
  },
  'gateway.broken.title': {
    en: 'Something went wrong on the way to your environment',
    fr: 'Une erreur est survenue sur le chemin de votre environnement',
  },
  'gateway.broken.text': {
    en: 'It goes on running, and your files are kept. Go back to your workspace page and try again in a moment; if this page returns, tell your teacher.',
    fr: 'Il continue de fonctionner et vos fichiers sont conservés. Revenez à la page de votre espace et réessayez dans un instant ; si cette page revient, prévenez votre enseignant.',
  },
  'gateway.waiting': {
    en: 'Waiting for the environment…',
    fr: 'En attente de l’environnement…',
  },
  'gateway.workspace': { en: 'Go to my workspace page', fr: 'Aller à la page de mon espace' },
  'gateway.activities': { en: 'Go to my activities', fr: 'Aller à mes activités' },
} satisfies Record<string, Message>
