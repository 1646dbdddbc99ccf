// Switches for bad behaviour, each with what it does to the launch.
import { html } from 'hono/html'
import { harmlessFaults, launchFaults } from '../faults.ts'
import { layout } from './layout.ts'
import { registrationFaults } from '../registration.ts'
import { wordsIn } from './words.ts'
import type { Html } from './layout.ts'
import type { Language } from '../../cast/people.ts'
import type { LaunchFault } from '../faults.ts'
import type { Reader } from '../session.ts'
import type { RegistrationFault } from '../registration.ts'

type Said = Record<Language, string>

const launchSaid: Record<LaunchFault, Said> = {
  'nonce-replayed': said('a nonce that was used before', 'un nonce déjà utilisé'),
  'nonce-not-issued': said('a nonce the tool never gave', 'un nonce que l’outil n’a pas donné'),
  'nonce-missing': said('no nonce', 'pas de nonce'),
  'audience-other': said('meant for another tool', 'destiné à un autre outil'),
  'issuer-other': said('says it comes from another LMS', 'prétend venir d’un autre LMS'),
  expired: said('issued an hour ago', 'émis il y a une heure'),
  'issued-in-future': said('issued in an hour', 'émis dans une heure'),
  'key-unknown': said('signed with a key in no key set', 'signé d’une clé absente du jeu de clés'),
  'signature-bad': said('signature of another key', 'signature d’une autre clé'),
  'alg-none': said('not signed at all', 'pas signé du tout'),
  'alg-hs256': said('public key used as a secret', 'clé publique prise comme secret'),
  'names-missing': said('no names', 'pas de noms'),
  'email-missing': said('no e-mail', 'pas de courriel'),
  'sub-missing': said('does not say who it is', 'ne dit pas qui c’est'),
  'roles-missing': said('no roles', 'pas de rôles'),
  'deployment-other': said('unknown deployment', 'déploiement inconnu'),
  'deployment-missing': said('no deployment', 'pas de déploiement'),
  'message-type-other': said('unknown message type', 'type de message inconnu'),
  'version-other': said('LTI 1.1', 'LTI 1.1'),
  'resource-link-missing': said('no resource link', 'pas de lien de ressource'),
  'state-missing': said('no state', 'pas de state'),
  'state-changed': said('another state', 'un autre state'),
}

const registrationSaid: Record<RegistrationFault | 'none', Said> = {
  none: said('honest', 'honnête'),
  'issuer-other': said('in the name of another LMS', 'au nom d’un autre LMS'),
  'endpoints-other': said(
    'with endpoints on another origin',
    'avec des adresses d’une autre origine',
  ),
  'configuration-other': said('served from another origin', 'servie depuis une autre origine'),
}

function said(en: string, fr: string): Said {
  return { en, fr }
}

export function faultsPage(
  reader: Reader,
  chosen: readonly LaunchFault[],
  lie: RegistrationFault | undefined,
): Html {
  const words = wordsIn(reader.language)
  const refused = launchFaults.filter((fault) => !harmlessFaults.includes(fault))
  const ticks = (faults: readonly LaunchFault[]) =>
    html`<ul class="ticks">
      ${faults.map((fault) => tick(fault, chosen.includes(fault), reader.language))}
    </ul>`
  const warning = html`<p class="card problem">${words.faultsOn} ${chosen.join(', ')}</p>`
  const content = html`<p class="lead">${words.faultsText}</p>
    ${chosen.length === 0 ? '' : warning}
    <form method="post" action="/faults" class="card stack">
      <h2>${words.refused}</h2>
      ${ticks(refused)}
      <h2>${words.harmless}</h2>
      ${ticks(harmlessFaults)} ${reader.person.siteAdmin ? lies(reader, lie) : ''}
      <p><button class="button">${words.save}</button></p>
    </form>`
  return layout(reader, { title: words.faults, content })
}

function tick(fault: LaunchFault, checked: boolean, language: Language): Html {
  return html`<li>
    <label>
      <input type="checkbox" name="fault" value="${fault}" ${checked ? 'checked' : ''} />
      <code>${fault}</code> <span class="hint">${launchSaid[fault][language]}</span>
    </label>
  </li>`
}

function lies({ language }: Reader, lie: RegistrationFault | undefined): Html {
  return html`<label>
    ${wordsIn(language).lies}
    <select name="registrationFault">
      ${(['none', ...registrationFaults] as const).map(
        (fault) =>
          html`<option value="${fault}" ${fault === (lie ?? 'none') ? 'selected' : ''}>
            ${registrationSaid[fault][language]}
          </option>`,
      )}
    </select>
  </label>`
}
