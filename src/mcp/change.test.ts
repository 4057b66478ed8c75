/** What an answer says of the other side, for every state that a session can be in; with a port that a test plays. */
import { expect, test } from 'vitest';
import type { Calls, SessionEvent, SessionStatus } from '../control/api.ts';
import { fakeStatus } from '../control/fake-session.ts';
import { CaiError } from '../errors.ts';
import type { Follower, SessionPort } from './port.ts';
import { useTools } from './testing.ts';

interface Played {
  readonly port: SessionPort;
  readonly calls: { readonly name: string; readonly params: unknown }[];
  tell(event: SessionEvent): void;
  down(): void;
}

/** `answer` is what happens when a write is announced: that is right before it. */
function play(
  status: Partial<SessionStatus>,
  answer: (played: Played) => void = () => undefined,
): Played {
  const followers = new Set<Follower>();
  const calls: Played['calls'] = [];
  let up = true;
  const played: Played = {
    calls,
    tell: (event) => {
      for (const follower of followers) follower.onEvent?.(event);
    },
    down() {
      up = false;
      for (const follower of followers) follower.onDown?.();
    },
    port: {
      side: 'local',
      ready: () => Promise.resolve(),
      isUp: () => up,
      close: () => undefined,
      follow(follower) {
        followers.add(follower);
        follower.onUp?.(fakeStatus(status));
        return () => followers.delete(follower);
      },
      async call(name, params) {
        calls.push({ name, params });
        if (name === 'attribute') setImmediate(() => answer(played));
        return {} as Calls[typeof name]['result'];
      },
    },
  };
  return played;
}

const transfer = (path: string, to: 'local' | 'container'): SessionEvent => ({
  time: 1,
  type: 'transfer',
  transfer: { path, to, action: 'update', kind: 'file', ms: 1, time: 1 },
});

async function write(played: Played, path = 'f') {
  const { use } = await useTools({ '.gitignore': 'left\n' }, { port: played.port, waitMs: 300 });
  return use<{ sync: { state: string; ms?: number; reason?: string; unsigned?: string } }>(
    'write_file',
    {
      path,
      content: 'x',
    },
  );
}

test('arrived, when the transfer of that path to the other side is told', async () => {
  const played = play({ state: 'watching' }, ({ tell }) => {
    tell(transfer('other', 'container'));
    tell(transfer('f', 'local'));
    tell(transfer('f', 'container'));
  });
  expect((await write(played)).sync).toMatchObject({ state: 'arrived', side: 'container' });
  expect(played.calls[0]).toMatchObject({
    name: 'attribute',
    params: { side: 'local', by: 'test-client' },
  });
});

test.each([
  [{ state: 'paused' }, { state: 'pending', reason: 'the session is paused' }],
  [{ state: 'disconnected' }, { state: 'pending', reason: 'the link is down' }],
  [
    { state: 'watching', localChanges: 'manual' },
    { state: 'pending', reason: 'local changes wait until sync_from_local' },
  ],
  [
    { state: 'watching', mode: 'to-local' },
    { state: 'stays', reason: 'the session is one-way, to-local' },
  ],
  [{ state: 'watching' }, { state: 'pending', reason: 'it was not there after 300 ms' }],
] as const)('a session that is %j', async (status, sync) => {
  expect((await write(play(status))).sync).toMatchObject(sync);
});

test.each([
  ['TIMEOUT', 'Session near did not answer within 1000 ms.'],
  ['NO_SESSION', undefined],
] as const)(
  'a label that could not be put on (%s) is told where a history is',
  async (code, unsigned) => {
    const played = play({ state: 'paused' });
    const port: SessionPort = {
      ...played.port,
      call: (name, params) =>
        name === 'attribute'
          ? Promise.reject(new CaiError(code, 'Session near did not answer within 1000 ms.'))
          : played.port.call(name, params),
    };
    const { sync } = await write({ ...played, port });
    expect(sync).toMatchObject({ state: 'pending' });
    expect(sync.unsigned).toBe(unsigned);
  },
);

test('a path that is ignored stays, and nobody waits for it', async () => {
  const played = play({ state: 'watching' });
  expect((await write(played, 'left')).sync).toMatchObject({
    state: 'stays',
    reason: 'a .gitignore leaves it out',
  });
  expect(played.calls).toEqual([]);
});

test('a problem at the path or above it, and the end of the session, end the wait', async () => {
  const problem = {
    side: 'container',
    path: 'd',
    code: 'NO_SPACE',
    message: 'no room',
    since: 1,
  } as const;
  const full = play({ state: 'watching' }, ({ tell }) =>
    tell({ time: 1, type: 'problem', problem }),
  );
  expect((await write(full, 'd/f')).sync).toMatchObject({ state: 'problem', reason: 'no room' });
  const ended = play({ state: 'watching' }, ({ down }) => down());
  expect((await write(ended)).sync).toMatchObject({
    state: 'pending',
    reason: 'no session is running',
  });
});
