/** Where on OpenStack a pool's nodes are made: the `openstack` part of a Pool document. */
import { z } from 'zod'

const cidr = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/)
  .refine((text) => isNetwork(text))
  .meta({ allowed: 'an IPv4 network such as 10.64.0.0/20' })
const address = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,3}){3}$/)
  .refine((text) => isNetwork(`${text}/32`))
  .meta({ allowed: 'an IPv4 address such as 10.0.0.2' })
const hostPort = z
  .string()
  .regex(/^[A-Za-z0-9.-]+:\d{1,5}$/)
  .meta({ allowed: 'an address and port such as 10.0.0.2:2377' })
const cloudName = z.string().min(1).max(255).meta({ allowed: 'a name, as the cloud has it' })

const region = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
    .max(60)
    .meta({ allowed: 'the name of a region such as RegionOne' }),
  image: cloudName,
  externalNetwork: cloudName,
  subnet: cidr.default('10.64.0.0/20'),
  availabilityZones: z.array(cloudName).default([]),
})

const cloudFields = {
  regions: z.array(region).min(1),
  whenRegionRefuses: z.enum(['next', 'wait']).default('next'),
  manager: hostPort,
  managers: z
    .strictObject({
      count: z
        .union([z.literal(2), z.literal(3)])
        .default(2)
        .meta({
          allowed:
            '2 or 3: with the one that is there, two more make three managers, of which one may be lost; a third stands by',
        }),
      flavour: cloudName,
    })
    .optional(),
  gateways: z.array(cidr).default([]),
  dns: z.array(address).default([]),
  sshKey: z
    .string()
    .regex(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-\S+) \S+( .*)?$/)
    .optional()
    .meta({ allowed: 'one public key, as in ~/.ssh/id_ed25519.pub' }),
  engineVolumeGb: z
    .int()
    .min(1)
    .max(16_000)
    .optional()
    .meta({ allowed: 'gigabytes, a whole number from 1 to 16000' }),
  insecureRegistries: z.array(hostPort).default([]),
}

export const cloudSchema = z.strictObject(cloudFields)

function isNetwork(text: string): boolean {
  const [digits = '', bits = ''] = text.split('/')
  return digits.split('.').every((part) => Number(part) <= 255) && Number(bits) <= 32
}
