/** A course's data in a seat: one version for all, which nobody writes. */
import type { ServiceTemplate } from '../blueprint.ts'
import type { SeatsContent } from '../content.ts'
import { dataVolumeName } from './names.ts'
import { keptFolder } from './seat-volume.ts'
import { literal } from './text.ts'

/** None while nothing was published, or where nothing keeps it. Read-only: the kernel refuses every write, root's too. */
export function dataMounts(course: SeatsContent, { data }: ServiceTemplate) {
  if (!data?.backend) return []
  const { backend, server, version, mountPath } = data
  const source = dataVolumeName({ ...course, version })
  return [
    {
      ...{ type: 'volume', source, target: literal(mountPath), readOnly: true },
      volumeOptions: {
        labels: [{ label: 'labplan.installation', value: course.installation }],
        driverName: 'local',
        driverOptions: keptFolder(course, source, { backend, server }),
      },
    },
  ]
}
