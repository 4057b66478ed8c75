/** All tools, in the order in which they are listed. */
import type { Tool } from '../tool.ts';
import { directoryTree } from './directory-tree.ts';
import { editFile } from './edit-file.ts';
import { listFiles } from './list-files.ts';
import { readFile } from './read-file.ts';
import { readFiles } from './read-files.ts';
import { searchFiles } from './search-files.ts';
import { pauseSync, resumeSync } from './steer.ts';
import { syncFromLocal, syncToLocal } from './sync.ts';
import { syncStatus } from './sync-status.ts';
import { writeFileTool } from './write-file.ts';

export const tools: readonly Tool[] = [
  readFile,
  readFiles,
  editFile,
  writeFileTool,
  listFiles,
  directoryTree,
  searchFiles,
  syncFromLocal,
  syncToLocal,
  syncStatus,
  pauseSync,
  resumeSync,
];
