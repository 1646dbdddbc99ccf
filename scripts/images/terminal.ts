import type { Recipe } from './recipe.ts'

/** The environment `terminal`: a shell in the browser and over SSH, and what a first course needs. */
export const terminal: Recipe = {
  name: 'terminal',
  packages: [
    'bash-completion',
    'ca-certificates',
    'curl',
    'file',
    'git',
    'iproute2',
    'less',
    'man-db',
    'manpages',
    'nano',
    'openssh-client',
    'openssh-server',
    'procps',
    'psmisc',
    'python3-minimal',
    'tmux',
    'unzip',
    'vim-tiny',
  ],
  programs: [
    { module: 'seat', to: 'sbin/labplan-seat' },
    { module: 'web-terminal', to: 'usr/lib/labplan/web-terminal' },
  ],
  files: [
    { from: 'scripts/images/terminal/services.json', to: 'etc/labplan/services.json' },
    { from: 'scripts/images/terminal/sshd_config', to: 'etc/labplan/sshd_config' },
    { from: 'scripts/images/terminal/ssh-server', to: 'usr/lib/labplan/ssh-server', mode: 0o755 },
    ...page('scripts/images/web-terminal/page', ['index.html', 'terminal.css', 'terminal.js']),
    ...page('node_modules/@xterm/xterm/lib', ['xterm.mjs']),
    ...page('node_modules/@xterm/xterm/css', ['xterm.css']),
    ...page('node_modules/@xterm/addon-fit/lib', ['addon-fit.mjs']),
  ],
  folders: ['home', 'run/sshd'],
  // sshd writes down who comes and goes, and complains where it cannot.
  emptyFiles: ['run/utmp', 'var/log/lastlog', 'var/log/wtmp'],
  config: {
    Entrypoint: ['/sbin/labplan-seat'],
    WorkingDir: '/',
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LANG=C.UTF-8'],
    ExposedPorts: { '22/tcp': {}, '1907/tcp': {}, '8080/tcp': {} },
    Labels: { 'labplan.environment': 'terminal' },
  },
}

function page(folder: string, names: string[]): Recipe['files'] {
  return names.map((name) => ({
    from: `${folder}/${name}`,
    to: `usr/share/labplan/web-terminal/${name}`,
    squeezed: true,
  }))
}
