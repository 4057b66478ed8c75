/** What becomes of actions when a side changes while they are on their way. */
import { expect, it } from 'vitest';
import type { Replica } from '../replica/replica.ts';
import { absorb } from './absorb.ts';
import { setSide } from './core.ts';
import { planFor, testEngine, version } from './engine.fixture.ts';

const context = { target: 'container' as const, replica: {} as Replica };
const action = {
  type: 'write' as const,
  path: 'a',
  expect: null,
  entry: version(1),
  source: { from: 'bytes' as const, bytes: new Uint8Array(1) },
};

it('a miss is decided anew at once when what stands there became known meanwhile', () => {
  const engine = testEngine();
  const { core, retries } = engine;
  setSide(core, 'local', 'a', version(1), { since: 0 });
  setSide(core, 'container', 'a', version(2), { since: 0 });
  const outcome = { path: 'a', result: 'missed' as const, now: version(2) };
  absorb(engine, context, [{ action, seen: version(1), outcome }]);
  expect([[...core.dirty], retries.isWaiting('a')]).toEqual([['a'], false]);

  // It was known before: at once it would only miss again.
  core.dirty.clear();
  const known = { ...action, expect: version(2) };
  absorb(engine, context, [{ action: known, seen: version(1), outcome }]);
  expect([[...core.dirty], retries.isWaiting('a')]).toEqual([[], true]);
  retries.close();
});

it('a failure at what nobody wants any more is no problem', () => {
  const engine = testEngine();
  const { core, retries, report } = engine;
  const error = { code: 'IO' as const, message: 'failed' };
  const outcome = { path: 'a', result: 'failed' as const, now: null, error };
  setSide(core, 'local', 'a', version(1), { since: 0 });
  absorb(engine, context, [{ action, seen: version(1), outcome }]);
  expect([report.problems.size, retries.waiting()]).toEqual([1, ['a']]);

  // While it is tried again, the local file goes away.
  setSide(core, 'local', 'a', null, { since: 0 });
  absorb(engine, context, [{ action, seen: version(1), outcome }]);
  expect([report.problems.size, retries.waiting()]).toEqual([0, []]);
  retries.close();
});

it('what failed on one side is no problem any more when the other side was done instead', () => {
  const engine = testEngine();
  const { core, retries, report } = engine;
  core.base.set('a', version(1));
  // The container's edit cannot be written on the local side, where somebody edits it meanwhile.
  setSide(core, 'container', 'a', version(2), { since: 0 });
  const error = { code: 'NO_SPACE' as const, message: 'failed' };
  const failed = { path: 'a', result: 'failed' as const, now: version(3), error };
  const write = { ...action, expect: version(1), entry: version(2) };
  absorb(engine, { ...context, target: 'local' }, [
    { action: write, seen: version(2), outcome: failed },
  ]);
  expect([...report.problems.values()]).toMatchObject([{ side: 'local', path: 'a' }]);

  // The local edit is newer and goes to the container.
  const done = { path: 'a', result: 'done' as const, now: version(3) };
  const back = { ...action, expect: version(2), entry: version(3) };
  absorb(engine, context, [{ action: back, seen: version(3), outcome: done }]);
  expect([report.problems.size, retries.waiting()]).toEqual([0, []]);
  retries.close();
});

it.each(['missed', 'failed'] as const)(
  'the old name of a move that %s goes all the same',
  (result) => {
    const engine = testEngine();
    const { core, retries } = engine;
    core.base.set('b', version(1));
    setSide(core, 'local', 'a', version(1), { since: 0 });
    setSide(core, 'local', 'b', null, { since: 0 });
    const move = { ...action, source: { from: 'move' as const, path: 'b' } };
    const outcome = { path: 'a', result, now: version(2) };
    absorb(engine, context, [{ action: move, movedFrom: 'b', seen: version(1), outcome }]);
    expect([...core.dirty]).toContain('b');
    retries.close();
  },
);

it('a side that changed again is an edit of what arrived, not a conflict with it', () => {
  const engine = testEngine();
  const { core } = engine;
  setSide(core, 'local', 'a', version(1), { since: 0 });
  // While that is on its way, the local file is written again.
  setSide(core, 'local', 'a', version(2), { since: 0 });
  const outcome = { path: 'a', result: 'done' as const, now: version(1) };
  absorb(engine, context, [{ action, seen: version(1), outcome }]);

  expect(core.base.get('a')).toEqual(version(1));
  expect(core.uncommitted.get('a')).toEqual(version(1));
  expect([...core.dirty]).toEqual(['a']);
  const plan = planFor(engine, ['a']);
  expect(plan.conflicts).toEqual([]);
  expect(plan.actions.container).toMatchObject([
    { path: 'a', expect: version(1), entry: version(2) },
  ]);
});

it('a file that is moved back while its move is on its way is no removal by the other side', () => {
  const engine = testEngine();
  const { core } = engine;
  core.base.set('b', version(1));
  setSide(core, 'local', 'b', null, { since: 0 });
  setSide(core, 'local', 'a', version(1), { since: 0 });
  // While that is on its way:
  setSide(core, 'local', 'a', null, { since: 0 });
  setSide(core, 'local', 'b', version(1), { since: 0 });
  const move = { ...action, source: { from: 'move' as const, path: 'b' } };
  const outcome = { path: 'a', result: 'done' as const, now: version(1) };
  absorb(engine, context, [{ action: move, movedFrom: 'b', seen: version(1), outcome }]);

  const plan = planFor(engine, ['a', 'b']);
  expect(plan.actions.local).toEqual([]);
  expect(plan.actions.container).toMatchObject([
    { type: 'remove', path: 'a', expect: version(1) },
    { type: 'write', path: 'b', expect: null, entry: version(1) },
  ]);
});

it('what made room for something else, and is back meanwhile, is no removal by the other side', () => {
  const engine = testEngine();
  const { core } = engine;
  const directory = { kind: 'directory' as const, mode: 0o755 };
  core.base.set('a', directory);
  // A file takes the directory's place; the first step of that is on its way when it is a directory again.
  setSide(core, 'local', 'a', version(1), { since: 0 });
  setSide(core, 'local', 'a', directory, { since: 0 });
  const remove = { type: 'remove' as const, path: 'a', expect: directory };
  const outcome = { path: 'a', result: 'done' as const, now: null };
  absorb(engine, context, [{ action: remove, seen: version(1), outcome }]);

  const plan = planFor(engine, ['a']);
  expect(plan.actions.local).toEqual([]);
  expect(plan.actions.container).toMatchObject([{ type: 'mkdir', path: 'a', expect: null }]);
});
