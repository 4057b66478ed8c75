/** What the tools work on: one directory, its rules, and the session that carries its changes. */
import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CaiError } from '../errors.ts';
import type { Path, Side } from '../tree/path.ts';
import type { RuleOptions } from '../tree/rules.ts';
import { endAllPrograms } from './command.ts';
import type { Delivery } from './delivery.ts';
import { createDelivery } from './delivery.ts';
import type { Access } from './disk/access.ts';
import { createAccess } from './disk/access.ts';
import type { Drafts } from './disk/drafts.ts';
import { createDrafts } from './disk/drafts.ts';
import type { IgnoreRules } from './disk/ignore-rules.ts';
import { createIgnoreRules } from './disk/ignore-rules.ts';
import { inputPath } from './disk/input-path.ts';
import type { SessionPort } from './port.ts';
import type { Updates } from './updates.ts';
import { createUpdates } from './updates.ts';

export interface Workspace {
  /** A real path. */
  readonly root: string;
  readonly port: SessionPort;
  readonly access: Access;
  readonly drafts: Drafts;
  readonly delivery: Delivery;
  readonly updates: Updates;
  readonly allowExec: boolean;
  /** Longest wait for an edit to be on the other side. */
  readonly waitMs: number;
  /** From what a client wrote to a path in the root; throws REFUSED or NAME. */
  path(text: string): Path;
  /** The ignore rules as they are now. */
  ignoreRules(): IgnoreRules;
  close(): void;
}

export interface WorkspaceInput {
  readonly root: string;
  readonly port: SessionPort;
  /** The session's own, where they are known. */
  readonly rules?: Partial<RuleOptions>;
  readonly allowExec?: boolean;
  readonly waitMs?: number;
}

const defaultRules: RuleOptions = { ignore: [], allow: [], gitignore: true, git: false };

/** Throws ROOT when the directory is not there. */
export function openWorkspace(input: WorkspaceInput): Workspace {
  const { port, allowExec = false, waitMs = 3000 } = input;
  const given = resolve(input.root);
  const root = realRoot(given);
  const rules = { ...defaultRules, ...input.rules };
  const delivery = createDelivery(port);
  const updates = createUpdates(port);
  const drafts = createDrafts(root);
  return {
    root,
    port,
    access: createAccess(rules.allow),
    drafts,
    delivery,
    updates,
    allowExec,
    waitMs,
    path: (text) => inputPath(text, { root, given }),
    ignoreRules: () => createIgnoreRules(root, rules),
    close() {
      delivery.close();
      updates.close();
      drafts.close();
      port.close();
      endAllPrograms();
    },
  };
}

function realRoot(given: string): string {
  try {
    const root = realpathSync(given);
    if (statSync(root).isDirectory()) return root;
  } catch (cause) {
    throw new CaiError('ROOT', `The directory ${given} is not there.`, {
      path: given,
      next: 'Name a directory that exists.',
      cause,
    });
  }
  throw new CaiError('ROOT', `${given} is not a directory.`, {
    path: given,
    next: 'Name a directory.',
  });
}

/** What people call a side, seen from here. */
export function sideName(side: Side): string {
  return side === 'local' ? 'on the host' : 'in the container';
}
