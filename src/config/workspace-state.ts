/**
 * What this program itself remembers of a workspace on this machine: the choices that were made for it
 * on a command line and that later commands keep. One small file a workspace, replaced as a whole.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaiError, toCaiError } from '../errors.ts';
import { stateDirectory } from './state-dir.ts';
import { isTable } from './values.ts';

export interface WorkspaceState {
  /** The workspace's real path. */
  readonly workspace: string;
  readonly dataVolume?: string;
  readonly image?: string;
  readonly bind?: boolean;
}

/** The file that speaks of a workspace, whether or not it exists. */
export function workspaceStateFile(workspace: string): string {
  const name = createHash('sha256').update(workspace).digest('hex').slice(0, 16);
  return join(stateDirectory(), 'workspaces', `${name}.json`);
}

/** Undefined when nothing is remembered; a file that cannot be read counts as nothing. */
export function readWorkspaceState(workspace: string): WorkspaceState | undefined {
  try {
    const state: unknown = JSON.parse(readFileSync(workspaceStateFile(workspace), 'utf8'));
    return isTable(state) && state.workspace === workspace
      ? (state as unknown as WorkspaceState)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers; what is undefined in `changes` is forgotten, what is not named stays. Throws STATE. */
export function writeWorkspaceState(
  workspace: string,
  changes: {
    readonly [K in keyof Omit<WorkspaceState, 'workspace'>]?: WorkspaceState[K] | undefined;
  },
): void {
  const path = workspaceStateFile(workspace);
  const state = { ...readWorkspaceState(workspace), ...changes, workspace };
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (error) {
    throw new CaiError(
      'STATE',
      `The workspace's state cannot be kept: ${toCaiError(error).message}`,
      {
        path,
        next: 'Make the state directory writable, or name another one with CAI_STATE_DIR.',
        cause: error,
      },
    );
  }
}
