import { describe, expect, test } from 'vitest';
import type { SessionEvent, SessionStatus } from '../control/api.ts';
import { fakeConflict, fakeStatus } from '../control/fake-session.ts';
import { CaiError } from '../errors.ts';
import { renderChecks } from './doctor.ts';
import { bytes, duration, table } from './format.ts';
import { plainColors as colors } from './output.ts';
import { renderEvent } from './render-event.ts';
import { renderHistory } from './render-history.ts';
import { renderStatus } from './render-status.ts';
import { renderError } from './report-error.ts';
import { createScreen } from './screen.ts';
import { renderView } from './view.ts';

const busy: SessionStatus = fakeStatus({
  state: 'syncing',
  ready: false,
  pid: 77,
  files: 1200,
  directories: 1,
  bytes: 3_400_000,
  pending: 1,
  link: { transport: 'docker exec', roundTripMs: 0.14, clockSkewMs: 0 },
  progress: {
    phase: 'sync',
    files: 12,
    filesTotal: 400,
    bytes: 1_200_000,
    bytesTotal: 3_400_000,
    rate: 2_000_000,
  },
  transfers: [
    {
      path: 'src/a.ts',
      to: 'container',
      action: 'update',
      kind: 'file',
      size: 900,
      ms: 12,
      time: 1,
    },
    { path: 'b', to: 'local', action: 'remove', kind: 'directory', ms: 0.5, time: 1 },
  ],
  totals: { toContainer: { files: 1, bytes: 10 }, toLocal: { files: 0, bytes: 0 } },
  problems: [
    {
      side: 'container',
      path: 'x',
      code: 'PERMISSION',
      message: 'may not be written.',
      next: 'Run chmod.',
      since: 1,
    },
    { side: 'session', code: 'LINK', message: 'The link broke.', since: 1 },
  ],
  conflicts: [
    fakeConflict({ path: 'd', settled: 'local', summary: 'both made it', container: ['42'] }),
    fakeConflict({ path: 'c', summary: 'both changed it' }),
  ],
  holds: [
    {
      reason: 'mass-deletion',
      side: 'local',
      files: 60,
      since: 1,
      message: '60 files vanished.',
      next: 'cai approve or cai reject.',
    },
  ],
  secrets: [{ side: 'local', path: '.env' }],
  leftovers: [{ side: 'container', path: 'dist', names: ['x.js', 'y.js'] }],
  diverged: ['z'],
});

test('status tells everything', () => {
  expect(renderStatus(busy, { colors, now: 121_000 })).toEqual([
    'proj  syncing for 2 min, not ready',
    '  sides     /home/me/proj ⇄ web:/app',
    '  mode      two-way',
    '  agreed    1200 files, 1 directory, 3.4 MB',
    '  carried   → 1 file, 10 B   ← 0 files, 0 B',
    '  link      docker exec, round trip 0.1 ms',
    '  process   77',
    '  progress  sync: 12 of 400 files, 1.2 MB of 3.4 MB, 2.0 MB/s',
    '  pending   1 change',
    '  conflict  c: open, both changed it (`cai diff`, `cai resolve`)',
    '  hold  60 files vanished. cai approve or cai reject.',
    '  problem  container x: may not be written. (PERMISSION) Run chmod.',
    '  problem  The link broke. (LINK)',
    '  conflict  d: local won, both made it: version 42 (container)',
    '  leftover  container dist: kept for x.js, y.js',
    '  diverged  z',
    '  secret left out  local .env',
  ]);
});

test('of a stopped session nothing is told that is not known', () => {
  const status = fakeStatus({ state: 'stopped', ready: false });
  expect(renderStatus(status, { colors, now: 61_000 })).toEqual([
    'proj  stopped for 1 min',
    '  sides  /home/me/proj ⇄ web:/app',
    '  mode   two-way',
  ]);
});

test('status cuts nothing short', () => {
  const problems = Array.from({ length: 500 }, (_, n) => ({
    side: 'local' as const,
    path: `p${n}`,
    code: 'IO',
    message: 'm',
    since: 1,
  }));
  const lines = renderStatus(fakeStatus({ problems }), { colors, now: 1000 });
  expect(lines.filter((line) => line.includes('problem'))).toHaveLength(500);
});

describe('the view', () => {
  test('shows the session at a glance', () => {
    const lines = renderView(busy, { colors, rows: 24, hint: 'Ctrl-C' });
    expect(lines.slice(0, 2)).toEqual([
      'proj  syncing  /home/me/proj ⇄ web:/app',
      'sync: 12 of 400 files, 1.2 MB of 3.4 MB, 2.0 MB/s',
    ]);
    expect(lines.slice(-3)).toEqual([
      '→ src/a.ts  update, 900 B, 12 ms',
      '← b  remove, 0.5 ms',
      'Ctrl-C',
    ]);
  });

  test.each([1, 5, 6, 8, 12, 40])('fits into %i rows, and counts what does not', (rows) => {
    const problems = Array.from({ length: 30 }, (_, n) => ({
      side: 'local' as const,
      path: `p${n}`,
      code: 'IO',
      message: 'm',
      since: 1,
    }));
    const lines = renderView({ ...busy, problems }, { colors, rows, hint: 'Ctrl-C' });
    if (rows >= 6) expect(lines.length).toBeLessThan(rows);
    const hidden = lines.find((line) => line.startsWith('and '));
    const shown = lines.filter((line) => /^(hold|problem|conflict) /.test(line)).length;
    expect(shown + Number(/and (\d+) more/.exec(hidden ?? 'and 0 more')?.[1])).toBe(33);
  });
});

test('the screen goes back over what it drew, and leaves the cursor visible', () => {
  let written = '';
  const screen = createScreen({
    write: (text: string | Uint8Array) => {
      written += text;
      return true;
    },
  });
  screen.draw(['a', 'b']);
  expect(written).not.toContain('A\r');
  screen.draw(['c']);
  expect(written).toContain('\x1b[2A\r');
  screen.close();
  expect(written.endsWith('\x1b[?7h\x1b[?25h')).toBe(true);
});

test.each<[SessionEvent, string | undefined]>([
  [{ time: 1, type: 'ready', files: 1, bytes: 5, ms: 1500 }, 'ready  1 file, 5 B, in 1.5 s'],
  [{ time: 1, type: 'state', state: 'disconnected', detail: 'gone' }, 'disconnected  gone'],
  [
    { time: 1, type: 'batch', to: 'local', files: 70, bytes: 1e6, ms: 90 },
    '← 70 changes, 1.0 MB, 90 ms',
  ],
  [{ time: 1, type: 'notice', message: 'a\nb\u009bc' }, 'notice  a\\x0ab\\u{9b}c'],
  [{ time: 1, type: 'progress', progress: { phase: 'scan', files: 1, bytes: 1 } }, undefined],
  [
    {
      time: 1,
      type: 'solved',
      problem: { side: 'local', path: 'x', code: 'IO', message: 'm', since: 1 },
    },
    'solved  x  m',
  ],
])('event %#', (event, line) => {
  expect(renderEvent(event, colors)).toBe(line);
});

test('history', () => {
  const entry = {
    kind: 'file',
    digest: 'd',
    size: 1200,
    executable: false,
    mode: 0o644,
    mtime: 1,
  } as const;
  const time = new Date(2025, 0, 31, 14, 2, 9).getTime();
  const common = { time, side: 'local', kept: true } as const;
  const lines = renderHistory(
    [
      { ...common, id: '12', path: 'a', reason: 'replaced', entry },
      { ...common, id: '9', path: 'b', reason: 'removed', entry: { kind: 'link', target: 'x' } },
      { ...common, id: '8', path: 'c', reason: 'conflict', entry, kept: false },
    ],
    colors,
  );
  expect(lines).toEqual([
    '12  2025-01-31 14:02:09  local  replaced  1.2 kB  a',
    '9   2025-01-31 14:02:09  local  removed   link    b',
    '8   2025-01-31 14:02:09  local  conflict  1.2 kB  c  (content no longer kept)',
  ]);
  expect(renderHistory([], colors)).toEqual(['nothing was replaced or removed yet']);
  expect(renderHistory([], colors, 'src/x')).toEqual([
    'nothing was replaced or removed at src/x yet',
  ]);
});

test('errors end with the next step; checks with their fix', () => {
  expect(renderError(new CaiError('ROOT', 'Gone.', { next: 'Make it.' }), colors)).toBe(
    'error Gone. (ROOT)\n  Make it.',
  );
  expect(renderError(new CaiError('IO', 'Bad.'), colors)).toBe('error Bad. (IO)');
  expect(
    renderChecks(
      [
        { name: 'node', state: 'ok', detail: '20' },
        { name: 'docker', state: 'fail', detail: 'none', fix: 'Install it.' },
      ],
      colors,
    ),
  ).toEqual(['ok    node    20', 'fail  docker  none', '      Install it.']);
});

test('numbers', () => {
  expect([0, 999, 1000, 99_400, 999_499, 999_500, 1.5e9].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '99.4 kB',
    '999 kB',
    '1.0 MB',
    '1.5 GB',
  ]);
  expect([0, 0.14, 12.4, 1500, 90_000, 7_200_000, 200_000_000].map(duration)).toEqual([
    '0 ms',
    '0.1 ms',
    '12 ms',
    '1.5 s',
    '2 min',
    '2 h',
    '2 d',
  ]);
  expect(
    table([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
  ).toEqual(['a    bb', 'ccc  d']);
});
