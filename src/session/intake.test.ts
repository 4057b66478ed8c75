/** Problems go when their reason goes, on whichever side that happens. */
import { expect, it } from 'vitest';
import type { Look } from '../tree/entry.ts';
import { createCore, setSide } from './core.ts';
import { takeIn } from './intake.ts';
import { addProblem, createReport } from './report.ts';
import { testOptions } from './testing.ts';

const file: Look = {
  kind: 'file',
  digest: 'd'.repeat(64),
  size: 1,
  executable: false,
  mode: 0o644,
  mtime: 1,
};

it('what could not be carried over is no problem any more once it is gone', () => {
  const core = createCore(testOptions);
  const report = createReport();
  takeIn(core, report, 'local', [{ path: 'a', look: file }]);
  addProblem(report, { side: 'container', path: 'a', code: 'NAME', message: 'too long' });
  takeIn(core, report, 'local', [{ path: 'a', look: null }]);
  expect([...report.problems.values()]).toEqual([]);
});

it('what cannot be read on the other side stays one', () => {
  const core = createCore(testOptions);
  const report = createReport();
  const blocked: Look = { kind: 'blocked', why: 'unreadable', message: 'no' };
  takeIn(core, report, 'container', [{ path: 'a', look: blocked }]);
  setSide(core, 'local', 'a', file, { since: 0 });
  takeIn(core, report, 'local', [{ path: 'a', look: null }]);
  expect([...report.problems.values()]).toMatchObject([{ side: 'container', path: 'a' }]);
});

it('what changed while the other side could not be looked at is decided on when it can', () => {
  const core = createCore(testOptions);
  const report = createReport();
  const blocked: Look = { kind: 'blocked', why: 'unreadable', message: 'no' };
  core.base.set('d', { kind: 'directory', mode: 0o755 });
  takeIn(core, report, 'container', [{ path: 'd', look: blocked }]);
  takeIn(core, report, 'local', [{ path: 'd/a', look: file }]);
  core.dirty.clear();
  takeIn(core, report, 'container', [{ path: 'd', look: { kind: 'directory', mode: 0o755 } }]);
  expect([...core.dirty]).toEqual(['d/a']);
});
