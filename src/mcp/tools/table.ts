/** All tools, in the order in which they are listed. */
import type { Tool } from '../tool.ts';
import { listConflicts, resolveConflict } from './conflicts.ts';
import { createDirectory } from './create-directory.ts';
import { deletePath } from './delete-path.ts';
import { diff } from './diff.ts';
import { directoryTree } from './directory-tree.ts';
import { editFile } from './edit-file.ts';
import { fileInfo } from './file-info.ts';
import { grep } from './grep.ts';
import { history } from './history.ts';
import { listFiles } from './list-files.ts';
import { movePath } from './move-path.ts';
import { readFile } from './read-file.ts';
import { readFiles } from './read-files.ts';
import { restore, undo } from './rewind.ts';
import { runCommand } from './run-command.ts';
import { searchFiles } from './search-files.ts';
import { pauseSync, resumeSync } from './steer.ts';
import { syncFromLocal, syncToLocal } from './sync.ts';
import { syncStatus } from './sync-status.ts';
import { workspaceInfo } from './workspace-info.ts';
import { writeFileTool } from './write-file.ts';

const always: readonly Tool[] = [
  readFile,
  readFiles,
  editFile,
  writeFileTool,
  listFiles,
  directoryTree,
  searchFiles,
  grep,
  fileInfo,
  movePath,
  deletePath,
  createDirectory,
  syncFromLocal,
  syncToLocal,
  syncStatus,
  pauseSync,
  resumeSync,
  listConflicts,
  resolveConflict,
  diff,
  history,
  restore,
  undo,
  workspaceInfo,
];

/** run_command only where it was asked for. */
export function toolsFor({ allowExec }: { readonly allowExec: boolean }): readonly Tool[] {
  return allowExec ? [...always, runCommand] : always;
}
