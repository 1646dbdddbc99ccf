/**
 * What a node does about volumes of seats that have gone elsewhere. Docker keeps the object that a seat's mount made, and
 * later takes it as it is, whatever the mount then says: a pool whose server moved would be mounted from the old one.
 */
import type { MachineFile } from './user-data.ts'

const PROGRAM = '/usr/local/sbin/labplan-tidy'
export const TIDY_TIMER = 'labplan-tidy.timer'

export const tidyFiles = (installation: string): MachineFile[] => [
  { path: PROGRAM, permissions: '0755', content: tidyProgram(installation) },
  { path: '/etc/systemd/system/labplan-tidy.service', permissions: '0644', content: SERVICE },
  { path: `/etc/systemd/system/${TIDY_TIMER}`, permissions: '0644', content: TIMER },
]

/**
 * Only objects that say where their files are (option `device`), that no container names, and whose place nothing is mounted
 * on: Docker empties the folder of what it removes, and an engine that was killed may have left a mount there. What the
 * engine keeps itself holds files, and stays.
 */
export const tidyProgram = (installation: string): string => `#!/bin/sh
# Lets go of volumes that a storage keeps, where no seat of this machine has them. Safe to run at any time.
set -eu
docker volume ls --quiet --filter dangling=true --filter label=labplan.installation=${installation} |
  while read -r name; do
    found=$(docker volume inspect --format '{{.Mountpoint}} {{with .Options}}{{.device}}{{end}}' "$name") || continue
    place=\${found%% *}
    [ -n "\${found#"$place" }" ] || continue
    if mountpoint -q "$place"; then echo "$name is still mounted" >&2; continue; fi
    docker volume rm "$name" >/dev/null || continue
    echo "$name"
  done
`

const SERVICE = `[Unit]
Description=Labplan: volumes that left this machine
Requisite=docker.service
After=docker.service

[Service]
Type=oneshot
ExecStart=${PROGRAM}
`

const TIMER = `[Unit]
Description=Labplan: volumes that left this machine, looked for every quarter of an hour

[Timer]
OnBootSec=10min
OnUnitInactiveSec=15min

[Install]
WantedBy=timers.target
`
