/** Actions that were carried out, though the link broke before the answer came. */
import { expect, it } from 'vitest';
import type { DirectoryEntry, Look } from '../tree/entry.ts';
import type { Path } from '../tree/path.ts';
import { setSide } from './core.ts';
import { planFor, testEngine, version } from './engine.fixture.ts';
import type { Engine } from './engine.ts';
import { takeIn } from './intake.ts';
import { noteUnanswered } from './unanswered.ts';

const directory: DirectoryEntry = { kind: 'directory', mode: 0o755 };

function onLocal({ core }: Engine, path: Path, look: Look): void {
  setSide(core, 'local', path, look, { since: 0 });
}

function foundInContainer({ core, report }: Engine, path: Path, look: Look): void {
  takeIn(core, report, 'container', [{ path, look }]);
}

it('a write that was carried out is no edit of the target, when its source is as it was before', () => {
  const engine = testEngine();
  const { core } = engine;
  core.base.set('a', version(1));
  onLocal(engine, 'a', version(2));
  const action = { type: 'write' as const, path: 'a', expect: version(1), entry: version(2) };
  noteUnanswered(core, 'container', [{ action }]);
  onLocal(engine, 'a', version(1));
  foundInContainer(engine, 'a', version(2));

  const { actions, conflicts } = planFor(engine, ['a']);
  expect([actions.local, conflicts]).toEqual([[], []]);
  expect(actions.container).toMatchObject([{ path: 'a', expect: version(2), entry: version(1) }]);
});

it('a file that was made, and is gone at its source, goes', () => {
  const engine = testEngine();
  const { core } = engine;
  onLocal(engine, 'a', version(1));
  const action = { type: 'write' as const, path: 'a', expect: null, entry: version(1) };
  noteUnanswered(core, 'container', [{ action }]);
  onLocal(engine, 'a', null);
  foundInContainer(engine, 'a', version(1));

  const { actions } = planFor(engine, ['a']);
  expect(actions.local).toEqual([]);
  expect(actions.container).toMatchObject([{ type: 'remove', path: 'a' }]);
});

it('what was removed or moved away, and is back at its source, is made again', () => {
  const engine = testEngine();
  const { core } = engine;
  core.base.set('d', directory);
  core.base.set('d/a', version(1));
  for (const path of ['d/a', 'd']) onLocal(engine, path, null);
  onLocal(engine, 'b', version(1));
  const move = { type: 'write' as const, path: 'b', expect: null, entry: version(1) };
  const remove = { type: 'remove' as const, path: 'd', expect: directory };
  noteUnanswered(core, 'container', [{ action: move, movedFrom: 'd/a' }, { action: remove }]);
  onLocal(engine, 'd', directory);
  onLocal(engine, 'd/a', version(1));
  onLocal(engine, 'b', null);
  foundInContainer(engine, 'b', version(1));
  for (const path of ['d/a', 'd']) foundInContainer(engine, path, null);

  const { actions } = planFor(engine, ['b', 'd', 'd/a']);
  expect(actions.local).toEqual([]);
  expect(actions.container.map(({ type, path }) => `${type} ${path}`).sort()).toEqual([
    'mkdir d',
    'remove b',
    'write d/a',
  ]);
});

it('what somebody else made of the path is a change of the target', () => {
  const engine = testEngine();
  const { core } = engine;
  core.base.set('a', version(1));
  onLocal(engine, 'a', version(2));
  const action = { type: 'write' as const, path: 'a', expect: version(1), entry: version(2) };
  noteUnanswered(core, 'container', [{ action }]);
  onLocal(engine, 'a', version(1));
  foundInContainer(engine, 'a', version(3));

  expect(planFor(engine, ['a']).actions.local).toMatchObject([{ path: 'a', entry: version(3) }]);
});
