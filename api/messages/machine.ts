import type { Message } from '../locale.ts'

/** Machines that join a pool by a pasted line: on the pool's page, and in the terminal of the machine. No quotes or dollar signs there. */
export const machine = {
  'pool.join': { en: 'Add a machine', fr: 'Ajouter une machine' },
  'pool.join.hint': {
    en: 'A Debian machine that stands idle joins by one line, pasted in a terminal on it. The line works once, for 30 minutes; the machine then appears above.',
    fr: 'Une machine Debian inoccupée rejoint le pool par une seule ligne, collée dans un terminal sur elle. La ligne sert une fois, pendant 30 minutes ; la machine apparaît ensuite ci-dessus.',
  },
  'pool.join.gpu': {
    en: 'Kind of its GPUs, if it has some (as in pools.yaml)',
    fr: 'Modèle de ses GPU, si elle en a (comme dans pools.yaml)',
  },
  'pool.join.make': { en: 'Make a line', fr: 'Créer une ligne' },
  'pool.join.paste': {
    en: 'Paste this on the machine {until}, once. It is not shown again:',
    fr: 'Collez ceci sur la machine {until}, une seule fois. Cette ligne ne sera plus montrée :',
  },
  'pool.join.until': { en: 'until {time}', fr: 'avant {time}' },
  'pool.join.line': { en: 'The line to paste', fr: 'La ligne à coller' },
  'pool.join.in-clear': {
    en: 'Labplan is reached without TLS here: whoever is on the way between could read this line, or change what the machine runs. Use it in a network that you trust, or give Labplan an https address.',
    fr: 'Labplan est joint ici sans TLS : quiconque se trouve sur le trajet pourrait lire cette ligne, ou changer ce que la machine exécute. Servez-vous-en sur un réseau de confiance, ou donnez à Labplan une adresse https.',
  },
  'problem.join-local-storage': {
    en: 'This pool keeps its volumes on one machine (storage: local): others cannot join it. Give it storage that every machine reaches, or make another pool.',
    fr: 'Ce pool garde ses volumes sur une seule machine (storage: local) : aucune autre ne peut le rejoindre. Donnez-lui un stockage que toutes atteignent, ou créez un autre pool.',
  },
  'problem.join-public-url': {
    en: 'Other machines do not find Labplan at {url}: set LABPLAN_PUBLIC_URL to an address that they reach.',
    fr: 'Les autres machines ne trouvent pas Labplan à {url} : réglez LABPLAN_PUBLIC_URL sur une adresse qu’elles atteignent.',
  },
  'problem.join-registry': {
    en: 'Other machines cannot pull images from {registry}: set LABPLAN_REGISTRY to an address that they reach.',
    fr: 'Les autres machines ne peuvent pas tirer d’images de {registry} : réglez LABPLAN_REGISTRY sur une adresse qu’elles atteignent.',
  },
  'machine.join.used': {
    en: 'this line was used already, or is too old. Ask for a new one: labplan pool join-command, or the page of the pool.',
    fr: 'cette ligne a déjà servi, ou est trop ancienne. Demandez-en une autre : labplan pool join-command, ou la page du pool.',
  },
  'machine.join.no-answer': {
    en: 'no worker of Labplan answered. See labplan status, then ask for a new line.',
    fr: 'aucun worker de Labplan n’a répondu. Voyez labplan status, puis demandez une autre ligne.',
  },
  'machine.join.manager-on-ipv6': {
    en: 'the manager of Labplan’s Swarm advertises an IPv6 address, and seats are entered by IPv4 alone: have it advertise an IPv4 address.',
    fr: 'le manager du Swarm de Labplan annonce une adresse IPv6, et les postes ne sont joints qu’en IPv4 : faites-lui annoncer une adresse IPv4.',
  },
  'machine.join.manager-on-loopback': {
    en: 'the Swarm of Labplan is for its own machine alone: its manager must advertise an address that other machines reach.',
    fr: 'le Swarm de Labplan est limité à sa propre machine : son manager doit annoncer une adresse que les autres atteignent.',
  },
} satisfies Record<string, Message>
