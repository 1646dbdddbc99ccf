/**
 * Every sentence a person reads, by code, both languages side by side: a missing translation does not compile.
 * Parameters stand in braces. One file per screen or part.
 */
import type { Message } from '../locale.ts'
import { admin } from './admin.ts'
import { classLate } from './class-late.ts'
import { cloud } from './cloud.ts'
import { common } from './common.ts'
import { course } from './course.ts'
import { courseData } from './course-data.ts'
import { courseImport } from './course-import.ts'
import { disk } from './disk.ts'
import { erasure } from './erasure.ts'
import { files } from './files.ts'
import { former } from './former.ts'
import { forecast } from './forecast.ts'
import { courseNew } from './course-new.ts'
import { gateway } from './gateway.ts'
import { join } from './join.ts'
import { lead } from './lead.ts'
import { inventory } from './inventory.ts'
import { lti } from './lti.ts'
import { machine } from './machine.ts'
import { notice } from './notice.ts'
import { noticeFiles } from './notice-files.ts'
import { pool } from './pool.ts'
import { problem } from './problem.ts'
import { receipt } from './receipt.ts'
import { change } from './change.ts'
import { plan } from './plan.ts'
import { run } from './run.ts'
import { seat } from './seat.ts'
import { roster } from './roster.ts'
import { submission } from './submission.ts'
import { scratch } from './scratch.ts'
import { settings } from './settings.ts'
import { sharing } from './sharing.ts'
import { snapshot } from './snapshot.ts'
import { timetable } from './timetable.ts'
import { window } from './window.ts'
import { workspace } from './workspace.ts'

export const catalogue: Readonly<Record<string, Message>> = {
  ...common,
  ...workspace,
  ...seat,
  ...disk,
  ...scratch,
  ...files,
  ...snapshot,
  ...former,
  ...erasure,
  ...submission,
  ...course,
  ...roster,
  ...courseNew,
  ...courseData,
  ...courseImport,
  ...admin,
  ...receipt,
  ...change,
  ...plan,
  ...timetable,
  ...settings,
  ...window,
  ...sharing,
  ...join,
  ...run,
  ...lead,
  ...inventory,
  ...forecast,
  ...pool,
  ...cloud,
  ...machine,
  ...lti,
  ...notice,
  ...noticeFiles,
  ...classLate,
  ...problem,
  ...gateway,
}
