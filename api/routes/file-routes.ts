/** Addresses of a student's files: on the disk of a workspace, as they were before, in their own folder, and what they hand in. */
import { ownWorkspace } from '../access.ts'
import * as files from '../handlers/files.ts'
import * as personalFiles from '../handlers/personal-files.ts'
import * as snapshot from '../handlers/snapshot.ts'
import * as submission from '../handlers/submission.ts'
import { type Route, get, post } from './route.ts'

export const fileRoutes: Route[] = [
  get('/workspaces/:workspace/files', ownWorkspace, files.show, 'My files'),
  get('/workspaces/:workspace/files/content', ownWorkspace, files.download, 'Download a file'),
  post(
    '/workspaces/:workspace/files/restoration',
    ownWorkspace,
    snapshot.restoreBody,
    snapshot.restore,
    'Bring back files from a snapshot',
  ),
  post(
    '/workspaces/:workspace/submissions',
    ownWorkspace,
    submission.handInBody,
    submission.create,
    'Hand in a folder',
  ),
  get(
    '/workspaces/:workspace/submissions/:number',
    ownWorkspace,
    submission.download,
    'Download a submission',
  ),
  get('/workspaces/:workspace/files/archive', ownWorkspace, files.archive, 'Download a folder'),
  get(
    '/workspaces/:workspace/personal/files',
    ownWorkspace,
    personalFiles.show,
    'My personal folder',
  ),
  get(
    '/workspaces/:workspace/personal/files/content',
    ownWorkspace,
    personalFiles.download,
    'Download a file of it',
  ),
  get(
    '/workspaces/:workspace/personal/files/archive',
    ownWorkspace,
    personalFiles.archive,
    'Download a folder of it',
  ),
]
