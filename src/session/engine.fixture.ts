/** For tests: a session's engine with no replicas, and what it would decide. */
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openStore } from '../store/open.ts';
import type { FileEntry } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { type Plan, reconcile } from '../tree/reconcile.ts';
import { createEngine, type Engine } from './engine.ts';
import { testOptions } from './testing.ts';

const limits = { maxAge: 1000, maxBytes: 1000 };
export const version = (n: number): FileEntry => ({
  kind: 'file',
  digest: String(n).repeat(64),
  size: n,
  executable: false,
  mode: 0o644,
  mtime: n,
});

export function testEngine(): Engine {
  const top = temporaryDirectory();
  const store = openStore({ directory: `${top}/state`, limits });
  onTestFinished(() => store.close());
  const record = { id: 'x', name: 'x', local: top, container: top, created: 0 };
  const hooks = { schedule: () => undefined, commitSoon: () => undefined };
  return createEngine({ record: { ...record, options: testOptions }, store }, hooks);
}

export function planFor({ core }: Engine, paths: readonly Path[]): Plan {
  return reconcile({
    base: core.base,
    changes: { local: core.sides.local.looks, container: core.sides.container.looks },
    paths,
    mode: 'two-way',
    modes: 'portable',
    policy: () => 'merge',
    hostLeads: false,
    clockSkew: 0,
    isProtected: () => false,
  });
}
