/** The demonstration between two directories, as a person runs it. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { builtCli } from '../../test/support/built.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { comparePictures } from './demo-compare.ts';
import type { PictureRow } from './demo-puppet.ts';
import { renderStep, renderSummary, summarise } from './demo-render.ts';
import { plainColors } from './output.ts';

function startDemo(tmp: string, ...args: string[]) {
  const env = { ...process.env, TMPDIR: tmp, NO_COLOR: '1' };
  const child = spawn(process.execPath, [builtCli(), 'demo', '--no-container', ...args], { env });
  const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, exit, out: text(child.stdout), err: text(child.stderr) };
}

test('everything arrives, both sides are the same, nothing is left', async () => {
  const tmp = temporaryDirectory();
  const demo = startDemo(tmp, '--json');
  const [out, err, exit] = await Promise.all([demo.out, demo.err, demo.exit]);
  expect({ exit, err }).toEqual({ exit: 0, err: '' });
  const result = JSON.parse(out);
  expect(result).toMatchObject({ ok: true, form: 'directory', summary: { missed: 0 } });
  expect(result.comparison).toMatchObject({ links: 1, differences: [] });
  expect(result.steps.map((step: { to: string }) => step.to)).toEqual(
    expect.arrayContaining(['container', 'local', 'both']),
  );
  expect(readdirSync(tmp)).toEqual([]);
});

test('as text it ends with a summary and what to do next', async () => {
  const tmp = temporaryDirectory();
  const demo = startDemo(tmp, '--keep');
  const [out, exit] = await Promise.all([demo.out, demo.exit]);
  expect(exit, out).toBe(0);
  expect(out).toMatch(/\n→ container {2}edit src\/server\.ts +[\d.]+ ms\n/);
  expect(out).toMatch(/18 of 18 changes arrived; median [\d.]+ ms, slowest [\d.]+ ms/);
  expect(out).toContain('both sides are the same: ');
  expect(out).toContain('cai watch -d ./my-project my-container:/workspace');
  expect(readdirSync(tmp)).toHaveLength(1);
});

test('an interrupted one removes what it made', async () => {
  const tmp = temporaryDirectory();
  const demo = startDemo(tmp);
  // The first step's line: the session runs.
  await new Promise((resolve) => demo.child.stdout.once('data', resolve));
  demo.child.kill('SIGINT');
  expect(await demo.exit).toBe(130);
  expect(readdirSync(tmp)).toEqual([]);
});

test('a step that did not arrive is told, and no median hides it', () => {
  const steps = [
    { to: 'container', title: 'first sync, 3 files', ms: 200 },
    { to: 'container', title: 'edit a', ms: 3.14 },
    { to: 'local', title: 'edit b', ms: null, note: 'b' },
    { to: 'local', title: 'edit c', ms: 9 },
  ] as const;
  const summary = summarise(steps);
  expect(summary).toEqual({
    arrived: 3,
    missed: 1,
    medianMs: 3.14,
    slowest: { title: 'edit c', ms: 9 },
  });
  expect(renderStep(steps[2], plainColors)).toMatch(/^← local {6}edit b +did not arrive {2}b$/);
  const same = { files: 3, directories: 1, links: 0, differences: ['a'] };
  expect(renderSummary(summary, same, plainColors)).toEqual([
    '3 of 4 changes arrived; median 3.1 ms, slowest 9.0 ms (edit c)',
    'the sides differ at 1 path:',
    '  a',
  ]);
});

test('a comparison sees types, contents, executable bits, links and what is missing', () => {
  const row = (path: string, more: Partial<PictureRow> = {}): PictureRow => ({
    path,
    type: 'file',
    executable: false,
    content: 'x',
    ...more,
  });
  const local = ['same', 'bit', 'text', 'type', 'gone'].map((path) => row(path));
  const container = [
    row('same'),
    row('bit', { executable: true }),
    row('text', { content: 'y' }),
    row('type', { type: 'link' }),
    row('new'),
  ];
  expect(comparePictures(local, container)).toEqual({
    files: 5,
    directories: 0,
    links: 0,
    differences: ['bit', 'gone', 'new', 'text', 'type'],
  });
});
