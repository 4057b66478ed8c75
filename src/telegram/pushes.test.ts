/** What waits through quiet hours, what is told in the morning, and what when it cannot be noted. */
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { SessionEvent } from '../control/api.ts';
import { fakeConflict, fakeStatus } from '../control/fake-session.ts';
import { noSession } from '../mcp/no-session.ts';
import type { Follower } from '../mcp/port.ts';
import type { Notice } from './news.ts';
import { followSession } from './pushes.ts';

afterEach(() => vi.useRealTimers());

/** The session's events come from the test. */
function follow(now: Date, note: (keys: readonly string[]) => void = () => undefined) {
  vi.useFakeTimers({ now });
  const life = new AbortController();
  onTestFinished(() => life.abort());
  let follower: Follower = {};
  const told: string[] = [];
  const said: string[] = [];
  const keys = new Set<string>();
  followSession({
    port: {
      ...noSession(),
      side: 'local',
      follow(one) {
        follower = one;
        return () => undefined;
      },
    },
    memory: {
      isTold: (key) => keys.has(key),
      addTold(more) {
        note(more);
        more.forEach((key) => void keys.add(key));
      },
    },
    quiet: { from: 22 * 60, to: 7 * 60 },
    signal: life.signal,
    async tell({ reply }: Notice) {
      told.push(reply.map(({ text }) => text).join(''));
    },
    say: (line) => said.push(line),
  });
  follower.onUp?.(fakeStatus());
  const happens = (event: object) =>
    follower.onEvent?.({ time: Date.now(), ...event } as SessionEvent);
  return {
    told,
    said,
    happens,
    pass: (minutes: number) => vi.advanceTimersByTimeAsync(minutes * 60_000),
  };
}

test('nothing is told at night; in the morning what is still open, as one message', async () => {
  const { told, happens, pass } = follow(new Date(2026, 0, 1, 21, 0));
  happens({ type: 'conflict', conflict: fakeConflict({ path: 'evening' }) });
  await pass(1);
  expect(told).toEqual([expect.stringContaining('evening')]);
  await pass(120);
  const conflicts = ['two', 'three', 'four'].map((id) => ({ ...fakeConflict({ path: id }), id }));
  for (const conflict of conflicts) happens({ type: 'conflict', conflict });
  happens({ type: 'state', state: 'disconnected' });
  await pass(60);
  happens({ type: 'state', state: 'watching' });
  happens({ type: 'resolved', conflict: conflicts[0], how: 'local' });
  await pass(6 * 60 + 58);
  expect(told).toHaveLength(1);
  await pass(2);
  expect(told.slice(1)).toEqual([expect.stringMatching(/^⚠️ 2 conflicts:\nthree: [\s\S]*\nfour: /)]);
});

test('what cannot be noted as told is told, and all that was to be told with it', async () => {
  const full = new Error('the disk is full');
  const { told, said, happens, pass } = follow(new Date(2026, 0, 1, 12, 0), (keys) => {
    if (keys.length > 0) throw full;
  });
  const hold = {
    reason: 'mass-deletion',
    side: 'container',
    files: 60,
    message: '60 files are to be deleted.',
    next: 'Run `cai approve`.',
    since: Date.now(),
  };
  happens({ type: 'hold', hold });
  happens({ type: 'conflict', conflict: fakeConflict({ path: 'a' }) });
  await pass(1);
  expect(told).toEqual([expect.stringContaining('✋'), expect.stringContaining('A conflict: a')]);
  expect(said.join()).toContain('the disk is full');
});
