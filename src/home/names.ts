/**
 * The names of what belongs to a workspace: the same directory always has the same container and the
 * same data volume. Pure; the workspace is an absolute path with links resolved.
 */
import { createHash } from 'node:crypto';
import { CaiError } from '../errors.ts';

export interface WorkspaceNames {
  readonly container: string;
  readonly volume: string;
}

/** Labels on containers and volumes that belong to a workspace. */
export const labels = {
  /** 'true' on everything that we make for a workspace. */
  managed: 'containai.managed',
  /** The workspace's absolute path on the host. */
  workspace: 'containai.workspace',
  /** On a container: the name of its data volume. */
  volume: 'containai.data-volume',
} as const;

/** Readable by its first part, unique by the second. */
export function workspaceNames(workspace: string): WorkspaceNames {
  const last = workspace.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  const slug = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 24)
    .replace(/^-+|-+$/g, '');
  const digest = createHash('sha256').update(workspace).digest('hex').slice(0, 10);
  const name = ['cai', slug, digest].filter(Boolean).join('-');
  return { container: name, volume: `${name}-data` };
}

/** What the engines accept, and nothing that one of them could take for a path or an option. */
const valid = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/;

/** Throws USAGE unless `name` can be the name of a volume; a path would become a bind mount. */
export function checkVolumeName(name: string): void {
  checkName(name, 'volume');
}

/** Throws USAGE unless `name` can be the name of a container. */
export function checkContainerName(name: string): void {
  checkName(name, 'container');
}

function checkName(name: string, what: 'volume' | 'container'): void {
  if (valid.test(name)) return;
  throw new CaiError('USAGE', `${JSON.stringify(name)} is no ${what} name.`, {
    next: 'A name has letters, digits, "_", "." and "-", and begins with a letter or a digit.',
  });
}
