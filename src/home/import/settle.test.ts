/** What an import writes and removes, and what of the container's work it would displace. */
import { expect, test } from 'vitest';
import type { VolumeEntry } from '../volume/entry.ts';
import type { ImportPlan, PlannedEntry } from './plan.ts';
import { type ImportRecord, type Recorded, readRecord, writeRecord } from './record.ts';
import { settle } from './settle.ts';

const digest = 'a'.repeat(64);
const owner = { uid: 1000, gid: 1000, mtime: 1000 };
const file = (path: string, size = 1): VolumeEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  size,
  ...owner,
});
const directory = (path: string): VolumeEntry => ({
  kind: 'directory',
  path,
  mode: 0o755,
  ...owner,
});
const link = (path: string, target: string): VolumeEntry => ({
  kind: 'link',
  path,
  target,
  ...owner,
});
const put = (path: string): PlannedEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  mtime: 2000,
  content: { kind: 'text', text: 'new' },
});
const ours: Recorded = { kind: 'file', size: 1, mtime: 1000, digest };

interface Case {
  readonly plan: readonly PlannedEntry[];
  readonly present: readonly VolumeEntry[];
  readonly known?: Readonly<Record<string, Recorded>>;
  readonly gone?: readonly string[];
  readonly source?: string;
  readonly mirrors?: readonly string[];
}

function run({ plan, present, known = {}, gone = [], source = 's', mirrors = [] }: Case) {
  const entries: ImportPlan = {
    entries: plan,
    decisions: [],
    isGone: (path) => gone.includes(path),
  };
  const record: ImportRecord = {
    source: 's',
    entries: new Map(Object.entries(known)),
    additional: [],
  };
  const { writes, removes, suspects } = settle({ plan: entries, present, record, source, mirrors });
  return {
    writes: writes.map(({ path }) => path),
    removes,
    suspects: suspects.map(({ entry }) => entry.path),
  };
}

test("what an import wrote is replaced, what the container wrote is suspect, an empty file is nobody's", () => {
  const plan = [put('a'), put('b'), put('c'), put('d')];
  const present = [file('a'), file('b', 2), file('c', 0)];
  expect(run({ plan, present, known: { a: ours, b: ours } })).toEqual({
    writes: ['a', 'b', 'c', 'd'],
    removes: [],
    suspects: ['b'],
  });
});

test('placeholders give way to anything that is not empty, parents to anything', () => {
  const placeholder = (path: string): PlannedEntry =>
    ({ ...put(path), placeholder: true }) as PlannedEntry;
  const parent: PlannedEntry = { kind: 'directory', path: 'p', mode: 0o755, onlyNew: true };
  const plan = [
    placeholder('full'),
    placeholder('empty'),
    placeholder('link'),
    placeholder('new'),
    parent,
  ];
  const present = [file('full'), file('empty', 0), link('link', 'x'), directory('p')];
  expect(run({ plan, present }).writes).toEqual(['empty', 'new']);
});

test('a file in the place of a directory, and the other way round: all that was in it is looked at', () => {
  const plan: PlannedEntry[] = [put('d'), { kind: 'directory', path: 'f', mode: 0o755 }];
  const present = [
    directory('d'),
    file('d/mine'),
    file('d/ours'),
    directory('d/sub'),
    link('d/sub/l', 'x'),
    file('f'),
  ];
  expect(run({ plan, present, known: { 'd/ours': ours } }).suspects).toEqual([
    'd/mine',
    'd/sub/l',
    'f',
  ]);
});

test('what is gone from the same source goes, unless the container changed it; a mirror takes all', () => {
  const present = [file('a'), file('b', 9), file('mine'), directory('m'), file('m/x', 5)];
  const gone = ['a', 'b', 'mine', 'm', 'm/x'];
  const known = { a: ours, b: ours };
  expect(run({ plan: [], present, known, gone }).removes).toEqual(['a']);
  expect(run({ plan: [], present, known, gone, source: 'other' }).removes).toEqual([]);
  expect(run({ plan: [], present, known, gone, mirrors: ['m'] }).removes).toEqual(['a', 'm/x']);
});

test('a record is read as it was written; anything else is none', () => {
  const record: ImportRecord = {
    source: 's',
    entries: new Map<string, Recorded>([
      ['a', ours],
      ['l', { kind: 'link', target: '../x' }],
      ['d', { kind: 'directory' }],
    ]),
    additional: ['.ssh'],
  };
  expect(readRecord(writeRecord(record))).toEqual({
    ...record,
    entries: record.entries,
  });
  for (const text of ['', '{', '[]', '{"version":2}', '{"version":1,"source":1}', 'null'])
    expect(readRecord(text)).toBeUndefined();
  const hostile = {
    version: 1,
    source: 's',
    additional: ['../x', 3, 'ok'],
    entries: { '../a': ours, b: { kind: 'file' } },
  };
  expect(readRecord(JSON.stringify(hostile))).toEqual({
    source: 's',
    entries: new Map(),
    additional: ['ok'],
  });
});
