/** What clients are told of a session's events: at once what needs a person, now and then what is only new. */
import { expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import type { SessionEvent } from '../control/api.ts';
import { fakeStatus } from '../control/fake-session.ts';
import { noSession } from './no-session.ts';
import type { Follower } from './port.ts';
import { useTools } from './testing.ts';
import type { Alert } from './updates.ts';
import { createUpdates } from './updates.ts';

const own = ['cai://status', 'cai://conflicts', 'cai://events'];

function listen(...files: string[]) {
  let follower: Follower = {};
  const updates = createUpdates({
    ...noSession(),
    follow(given) {
      follower = given;
      return () => undefined;
    },
  });
  onTestFinished(updates.close);
  const heard = { uris: [] as string[], alerts: [] as Alert['about'][] };
  const followed = new Set([...own, ...files]);
  updates.listen({
    followed,
    onUpdate: (uri) => heard.uris.push(uri),
    onAlert: ({ about }) => heard.alerts.push(about),
  });
  return { heard, updates, follower, tell: (event: SessionEvent) => follower.onEvent?.(event) };
}

const transfer = { to: 'local', action: 'update', kind: 'file', ms: 1, time: 1 } as const;

test('holds, lost links and problems are alerts, and change the status', () => {
  const { heard, tell, follower } = listen();
  const hold = {
    reason: 'mass-deletion',
    side: 'local',
    files: 60,
    since: 1,
    message: 'm',
    next: 'n',
  } as const;
  tell({ time: 1, type: 'hold', hold });
  tell({ time: 1, type: 'state', state: 'disconnected', detail: 'gone' });
  tell({
    time: 1,
    type: 'problem',
    problem: { side: 'local', code: 'IO', message: 'm', since: 1 },
  });
  follower.onDown?.();
  expect(heard.alerts).toEqual(['hold', 'link', 'problem', 'link']);
  expect(heard.uris).toContain('cai://status');
});

test('a file that changes often is told at once, and then only now and then, the last change too', async () => {
  const { heard, tell } = listen('cai://files/a%20b/%C3%BC');
  for (let n = 0; n < 100; n += 1)
    tell({ time: n, type: 'transfer', transfer: { ...transfer, path: 'a b/ü' } });
  const told = () => heard.uris.filter((uri) => uri === 'cai://files/a%20b/%C3%BC').length;
  expect(told()).toBe(1);
  await waitFor(() => told() === 2);
});

test('events are kept, up to a number; progress is none', () => {
  const { heard, updates, tell, follower } = listen();
  follower.onUp?.(fakeStatus());
  tell({ time: 0, type: 'progress', progress: { phase: 'scan', files: 1, bytes: 1 } });
  for (let n = 1; n <= 600; n += 1)
    tell({ time: n, type: 'batch', to: 'local', files: 60, bytes: 1, ms: 1 });
  expect(updates.events().map(({ time }) => time)).toEqual(
    Array.from({ length: 500 }, (_, n) => n + 101),
  );
  expect(heard.uris).toEqual(expect.arrayContaining(['cai://events', 'cai://status']));
});

test('of a batch of any size exactly those files are told that somebody follows', () => {
  const { heard, updates, tell } = listen('cai://files/f7', 'cai://files/f777', 'cai://files/not');
  const paths = Array.from({ length: 1000 }, (_, n) => `f${n}`);
  tell({ time: 1, type: 'batch', to: 'local', files: 1000, bytes: 1, ms: 1, paths });
  const files = () => heard.uris.filter((uri) => uri.startsWith('cai://files/'));
  expect(files()).toEqual(['cai://files/f7', 'cai://files/f777']);
  expect(updates.events()).toEqual([
    { time: 1, type: 'batch', to: 'local', files: 1000, bytes: 1, ms: 1 },
  ]);
  // What moved away is another one, too.
  const moved = { ...transfer, action: 'move', from: 'not', path: 'there' } as const;
  tell({ time: 2, type: 'transfer', transfer: moved });
  expect(files()).toContain('cai://files/not');
});

test('after a gap, and where a batch does not say what is in it, everything followed is told', () => {
  for (const gap of ['older', 'down'] as const) {
    const { heard, tell, follower } = listen('cai://files/f');
    if (gap === 'older') tell({ time: 1, type: 'batch', to: 'local', files: 60, bytes: 1, ms: 1 });
    else {
      follower.onUp?.(fakeStatus());
      follower.onDown?.();
      expect(heard.uris).not.toContain('cai://files/f');
      follower.onUp?.(fakeStatus());
    }
    expect(heard.uris).toContain('cai://files/f');
  }
});

test('an older client that wants to follow too many is told so', async () => {
  const { client } = await useTools();
  for (let n = 0; n < 1000; n += 1) await client.subscribeResource({ uri: `cai://files/f${n}` });
  await expect(client.subscribeResource({ uri: 'cai://files/more' })).rejects.toThrow('At most');
  await client.unsubscribeResource({ uri: 'cai://files/f0' });
  await client.subscribeResource({ uri: 'cai://files/more' });
});
