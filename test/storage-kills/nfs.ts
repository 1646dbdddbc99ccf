/** Volumes on an NFS server, and two nodes: machines with kernels of their own. The server's successor has its second disk. */
import { type NfsPool, nfsPool } from '../beds/machines/nfs-pool.ts'
import { ROOT } from '../beds/machines/storage.ts'
import { classOn, type Ground, healing, type Storage, type World, worldOf } from './world.ts'

export async function nfsWorld(ground: Ground): Promise<World> {
  let made: NfsPool | undefined
  try {
    const practice = await classOn(ground, {
      ...{ backend: 'nfs', nodes: 1, parts: ['api', 'gateway', 'worker'] },
      async furnish(site) {
        made = await nfsPool(site)
        return { pools: made.document }
      },
    })
    const { storage: server, nodes, end } = made!
    const healed = healing()
    const storage: Storage = {
      ...sightsOf(made!),
      async kill({ victim, node, choice }) {
        if (victim === 'agent') await server.killAgent()
        if (victim === 'storage') {
          await server.cutPower()
          healed.add(server.startAgain())
        }
        if (victim !== 'node') return true
        const found = nodes.find((one) => one.machine().address === node)
        const joined = await (found ?? nodes[choice % nodes.length]!).replace()
        healed.add(joined())
        return true
      },
      halt: end,
      close: async () => {},
    }
    const backend = 'nfs'
    return worldOf({ backend, practice, storage, healing: healed }, ['api', 'gateway', 'worker'])
  } catch (error) {
    await made?.end()
    throw error
  }
}

function sightsOf({ storage, nodes }: NfsPool): Omit<Storage, 'kill' | 'halt' | 'close'> {
  return {
    sh: storage.sh,
    async kept() {
      const text = await storage.sh(
        `cd ${ROOT} && ls -1 volumes | sed 's/^/V /'; ls -1 purging | sed 's/^/P /';
         cd notes; for f in *.json; do [ -e "$f" ] && echo "N $f $(cat "$f")"; done;
         xfs_quota -x -c 'report -p -N -n' ${ROOT} | sed 's/^/Q /'`,
      )
      const lines = (letter: string) =>
        text.split('\n').flatMap((line) => (line.startsWith(`${letter} `) ? line.slice(2) : []))
      if (lines('P').length > 0) throw new Error(`half purged: ${lines('P').join()}`)
      const limits = new Map(
        lines('Q').map((line) => {
          const [project = '', , , hard] = line.split(/\s+/)
          return [project.slice(1), Number(hard) * 1024] as const
        }),
      )
      const noted = new Map(
        lines('N').map((line) => {
          const [file = '', ...words] = line.split(' ')
          const { project } = JSON.parse(words.join(' ')) as { project: number }
          return [file.slice(0, -5), String(project)] as const
        }),
      )
      const shared = [...noted.values()].filter((one, i, all) => all.indexOf(one) !== i)
      if (shared.length > 0) throw new Error(`projects of two volumes: ${shared.join()}`)
      return lines('V').map((name) => ({
        ...{ name, folder: `${ROOT}/volumes/${name}` },
        limitBytes: limits.get(noted.get(name) ?? '') ?? 0,
      }))
    },
    /** Their engines answer nobody but themselves: what holds files open is asked of the server. */
    containers: async () => [],
    async wrongMounts() {
      const living = nodes.filter((node) => node.isUp()).map((node) => node.machine().address)
      const text = await storage.sh(
        `for c in /proc/fs/nfsd/clients/*/; do [ -e "$c/info" ] || continue; grep -h -e address -e status $c/info; cat $c/states; done`,
      )
      return openTwice(text, living)
    },
  }
}

/** Files of which two living clients have states that write (Documentation/filesystems/nfs: /proc/fs/nfsd/clients). */
export function openTwice(text: string, living: string[]): string[] {
  const holders = new Map<string, Set<string>>()
  let client: string | undefined
  for (const line of text.split('\n')) {
    const address = /address: "([\d.]+)/.exec(line)?.[1]
    if (address) client = living.includes(address) ? address : undefined
    // Of who went away without a word, until somebody else wants the file.
    if (/status: (courtesy|expirable|unconfirmed)/.test(line)) client = undefined
    const file = /type: open, access: \S*w\S*,.*superblock: "([^"]+)"/.exec(line)?.[1]
    if (!file || !client) continue
    const of = holders.get(file) ?? new Set()
    holders.set(file, of.add(client))
  }
  return [...holders]
    .filter(([, of]) => of.size > 1)
    .map(([file, of]) => `${file} is written by ${[...of].join(' and ')}`)
}
