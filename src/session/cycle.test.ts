/** Problems end with what they were about. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { faultyFs } from '../replica/testing.ts';
import { runCycle } from './cycle.ts';
import { testEngine } from './engine.fixture.ts';
import { addProblem } from './report.ts';
import { startPair } from './testing.ts';

it('an action that was done although it failed leaves no problem behind', async () => {
  const faulty = faultyFs();
  const pair = await startPair({ fs: { container: faulty.fs } });
  await pair.same();
  // The directory is made; that it cannot be looked at afterwards is what fails.
  let failed = false;
  faulty.fail = (call, path) => {
    if (failed || call !== 'readdirSync' || !path.endsWith('/new')) return undefined;
    failed = true;
    return 'EACCES';
  };
  mkdirSync(`${pair.local}/new`);
  writeFileSync(`${pair.local}/new/file`, 'in it');
  await waitFor(() => failed);
  const isSolved = () => pair.session.status().problems.length === 0;
  await waitFor(async () => (await pair.session.flush({ timeoutMs: 5_000 })) && isSolved());
  await pair.same();
  expect(pair.session.status().problems).toEqual([]);
});

it('a merge that could not be staged is a problem of its side, which ends with the conflict', async () => {
  const faulty = faultyFs();
  const text = Array.from({ length: 20_000 }, (_, n) => `line ${n}\n`).join('');
  const fill = (local: string) => writeFileSync(`${local}/a`, text);
  const pair = await startPair({ fill, fs: { container: faulty.fs } });
  await pair.same();
  await pair.session.pause();
  faulty.fail = (call, path) => (call === 'openSync' && /\/new-/.test(path) ? 'ENOSPC' : undefined);
  writeFileSync(`${pair.local}/a`, `${text}last\n`);
  writeFileSync(`${pair.container}/a`, `first\n${text}`);
  await pair.session.resume();
  const { problems } = await pair.session.flush({ timeoutMs: 10_000 });
  expect(problems).toMatchObject([{ side: 'container', path: 'a', code: 'NO_SPACE' }]);
  // Somebody settles it by hand.
  for (const root of [pair.local, pair.container])
    writeFileSync(`${root}/a`, `first\n${text}last\n`);
  await waitFor(() => expect(pair.session.status().problems).toEqual([]));
});

it('what failed at a path where nothing differs any more is no problem', async () => {
  // A removal that failed, say, and whose file was then moved away.
  const engine = testEngine();
  const { core, report } = engine;
  addProblem(report, { side: 'container', path: 'a', code: 'NO_SPACE', message: 'No space left.' });
  core.dirty.add('a');
  await runCycle(engine);
  expect([...report.problems]).toEqual([]);
});
