import { describe, expect, it } from 'vitest';
import { defaultOptions } from '../control/defaults.ts';
import type { FileEntry } from '../tree/entry.ts';
import { createCore, setSide } from './core.ts';
import { orderActions } from './plan.ts';

const file = (digest: string): FileEntry => ({
  kind: 'file',
  digest,
  size: 3,
  executable: false,
  mode: 0o644,
  mtime: 1,
});

describe('what changes between a decision and its steps', () => {
  it('is neither taken for what was decided on, nor for its content', () => {
    const core = createCore(defaultOptions);
    const [decided, newer] = [file('old'), file('new')];
    setSide(core, 'container', 'a', newer, { since: 0, bytes: Buffer.from('new') });
    const { steps } = orderActions(
      core,
      'local',
      [{ type: 'write', path: 'a', expect: null, entry: decided }],
      { seen: new Map([['a', decided]]), sources: new Map() },
    );
    expect(steps).toEqual([
      { ready: false, seen: decided, path: 'a', expect: null, entry: decided },
    ]);
  });
});
