/** A course's volumes: they outlive every session, so they are in a state of their own. */
import type { Construct } from 'constructs'
import { inOrder, isShared, type VolumesContent } from './content.ts'
import { dataVolumeName } from './parts/names.ts'
import { DockerStack, withCloud } from './parts/labplan-stack.ts'
import { seatShare } from './parts/seat-share.ts'
import { seatVolume, volumeLimits } from './parts/seat-volume.ts'

export class VolumesStack extends DockerStack {
  constructor(content: VolumesContent, scope?: Construct) {
    super(content.key, scope)
    const { volumes, shares } = inOrder(content)
    for (const volume of volumes) seatVolume(this, content, volume)
    // Also where none is left: what the state has of them is then let go.
    if (shares) {
      withCloud(this)
      for (const volume of volumes) if (isShared(volume)) seatShare(this, content, volume, shares)
    }
    const limits = volumeLimits(content)
    // Terraform's own: it makes nothing outside its state, and the storage agent is told what was applied.
    if (Object.keys(limits).length > 0)
      this.addOverride('resource.terraform_data.limits', { input: limits })
    const { data } = content
    // Its nodes make the object when a seat starts; that it is wanted, and how large, is in the plan all the same.
    if (data)
      this.addOverride('resource.terraform_data.course_data', {
        input: { [dataVolumeName({ ...content, version: data.version })]: data.sizeMb },
      })
  }
}
