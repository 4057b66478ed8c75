import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import type { ServedCall } from '../replica/peer.ts';
import { acceptLink, openLink } from './handshake.ts';
import { createTransportPair } from './in-process.ts';
import { later, openPair, type Pair, quiet } from './pair.fixture.ts';
import { streamWindow } from './streams.ts';

const idleMs = 5000;
const open: Pair[] = [];

async function pair(options: Parameters<typeof openPair>[0] = {}): Promise<Pair> {
  const opened = await openPair(options);
  open.push(opened);
  return opened;
}

afterEach(async () => {
  for (const { client } of open.splice(0)) await client.close();
});

async function* endless(state: { sent: number }, signal?: AbortSignal) {
  const chunk = Buffer.alloc(100_000, 7);
  while (signal?.aborted !== true) {
    state.sent += chunk.length;
    yield chunk;
  }
}

describe('calls', () => {
  it('carry JSON and bytes there, and an answer back', async () => {
    const { client } = await pair({
      handlers: { echo: async ({ data, bytes }) => ({ data, bytes: [...bytes] }) },
    });
    const { data } = await client.call(
      'echo',
      { a: 'ü\udcff' },
      { idleMs, bytes: Buffer.of(1, 2) },
    );
    expect(data).toEqual({ data: { a: 'ü\udcff' }, bytes: [1, 2] });
  });

  it('fail with the code and the words of the far side, without control characters', async () => {
    const { client } = await pair({
      handlers: {
        fail: async () => {
          throw new CaiError('NO_SPACE', 'full\x1b[2J', { path: 'a', next: 'delete' });
        },
      },
    });
    await expect(client.call('fail', null, { idleMs })).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: 'full [2J',
      path: 'a',
      next: 'delete',
    });
    await expect(client.call('toString', null, { idleMs })).rejects.toMatchObject({
      code: 'PROTOCOL',
    });
  });

  it('end on the far side when their piece is ready after they were cancelled', async () => {
    const goesOn = later();
    const ended = later<unknown>();
    const cancelled = later();
    const { client } = await pair({
      handlers: {
        slow: async (call) => {
          call.signal.addEventListener('abort', () => cancelled.resolve());
          await goesOn.promise;
          await call.part('late').catch(ended.resolve);
        },
      },
    });
    const control = new AbortController();
    const answer = client.call('slow', null, { idleMs, signal: control.signal });
    control.abort();
    await expect(answer).rejects.toMatchObject({ code: 'CANCELLED' });
    await cancelled.promise;
    goesOn.resolve();
    expect(await ended.promise).toMatchObject({ code: 'CANCELLED' });
  });

  it('are cancelled on both sides by their signal', async () => {
    const aborted = later();
    const { client } = await pair({
      handlers: {
        hang: ({ signal }) => {
          signal.addEventListener('abort', () => aborted.resolve());
          return new Promise(() => {});
        },
      },
    });
    const controller = new AbortController();
    const call = client.call('hang', null, { idleMs, signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    await aborted.promise;
  });

  it('time out when nothing moves, and not while something does', async () => {
    const { client } = await pair({
      handlers: {
        hang: () => new Promise(() => {}),
        steps: async (call: ServedCall) => {
          for (let n = 0; n < 10; n += 1) {
            await new Promise((resolve) => setTimeout(resolve, 20));
            await call.part(n);
          }
        },
      },
    });
    await expect(client.call('hang', null, { idleMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    const seen: unknown[] = [];
    await client.call('steps', null, { idleMs: 100, onPart: ({ data }) => void seen.push(data) });
    expect(seen).toHaveLength(10);
  });

  it('do not time out while their caller takes its time', async () => {
    const { client } = await pair({ handlers: { one: (call: ServedCall) => call.part(1) } });
    const onPart = () => new Promise<void>((resolve) => setTimeout(resolve, 120));
    await client.call('one', null, { idleMs: 30, onPart });
  });

  it('send the next piece only when the last one was taken', async () => {
    const sent: number[] = [];
    const { client } = await pair({
      handlers: {
        count: async (call: ServedCall) => {
          for (let n = 1; n <= 3; n += 1) {
            sent.push(n);
            await call.part(n);
          }
        },
      },
    });
    const gate = later();
    const started = later();
    const call = client.call('count', null, {
      idleMs,
      onPart: () => {
        started.resolve();
        return gate.promise;
      },
    });
    await started.promise;
    await client.call('count', null, { idleMs, onPart: () => {} });
    expect(sent).toEqual([1, 1, 2, 3]);
    gate.resolve();
    await call;
  });

  it('fail when the link goes, with its reason; so do later ones', async () => {
    const { client, host } = await pair({ handlers: { hang: () => new Promise(() => {}) } });
    const call = client.call('hang', null, { idleMs });
    host.fail(new CaiError('LINK', 'gone'));
    await expect(call).rejects.toThrow('gone');
    await expect(client.call('hang', null, { idleMs })).rejects.toThrow('gone');
    await expect(client.closed).resolves.toMatchObject({ code: 'LINK' });
  });

  it('let their caller act on an answer before a newer event is told', async () => {
    const order: string[] = [];
    const { client, server } = await pair({
      handlers: {
        act: async () => {
          queueMicrotask(() => queueMicrotask(() => server.events.send('newer')));
        },
      },
    });
    client.onEvent = ({ data }) => void order.push(data as string);
    const wrapped = async (): Promise<void> => {
      await (async () => client.call('act', null, { idleMs }))();
    };
    await wrapped();
    order.push('answer');
    await waitFor(() => order.length === 2, { deadline: 2000 });
    expect(order).toEqual(['answer', 'newer']);
  });
});

describe('streams', () => {
  it('send no more than a window ahead of a slow reader, and stop with it', async () => {
    const state = { sent: 0 };
    const stopped = later();
    const { client } = await pair({
      handlers: {
        bulk: async (call) => {
          call.signal.addEventListener('abort', () => stopped.resolve());
          await call.send(endless(state, call.signal));
        },
        echo: async ({ data }) => data,
      },
    });
    let read = 0;
    for await (const chunk of client.download('bulk', null, { idleMs })) {
      read += chunk.length;
      // An answer comes through although the reader of the stream has stopped.
      await client.call('echo', 1, { idleMs });
      expect(state.sent).toBeLessThanOrEqual(read + streamWindow + 200_000);
      if (read > 3 * streamWindow) break;
    }
    await stopped.promise;
  });

  it('carry an upload whole, and no faster than it is read', async () => {
    const size = 5 * streamWindow;
    const gate = later();
    let sent = 0;
    async function* source() {
      for (; sent < size; ) {
        const chunk = Buffer.alloc(Math.min(70_000, size - sent), sent % 251);
        sent += chunk.length;
        yield chunk;
      }
    }
    const { client } = await pair({
      handlers: {
        put: async ({ upload }) => {
          await gate.promise;
          let got = 0;
          for await (const chunk of upload) got += chunk.length;
          return got;
        },
        echo: async ({ data }) => data,
      },
    });
    const call = client.call('put', null, { idleMs, upload: source() });
    for (let n = 0; n < 50; n += 1) await client.call('echo', n, { idleMs });
    expect(sent).toBeLessThanOrEqual(streamWindow + 200_000);
    gate.resolve();
    expect((await call).data).toBe(size);
  });

  it('fail at the far side when their source does, with its error here', async () => {
    const failed = later<unknown>();
    const { client } = await pair({
      handlers: {
        put: async ({ upload }) => {
          try {
            for await (const _ of upload);
          } catch (error) {
            failed.resolve(error);
            throw error;
          }
        },
      },
    });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new CaiError('BUSY', 'changed');
    }
    await expect(client.call('put', null, { idleMs, upload: broken() })).rejects.toMatchObject({
      code: 'BUSY',
    });
    expect(await failed.promise).toMatchObject({ code: 'CANCELLED' });
  });

  it('end with the error of the far side after what was sent before it', async () => {
    const { client } = await pair({
      handlers: {
        half: async (call) => {
          await call.send(
            (async function* () {
              yield Buffer.from('half');
              throw new CaiError('BUSY', 'changed while read');
            })(),
          );
        },
      },
    });
    const read = async (): Promise<void> => {
      for await (const chunk of client.download('half', null, { idleMs })) {
        expect(chunk.length).toBe(4);
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'BUSY' });
  });
});

describe('events', () => {
  it('count against a window until they are used', async () => {
    const { client, server } = await pair();
    const gate = later();
    const seen: unknown[] = [];
    client.onEvent = ({ data }) => {
      seen.push(data);
      return gate.promise;
    };
    let told = 0;
    server.events.onRoom = () => {
      told += 1;
    };
    const bytes = new Uint8Array(2_000_000);
    while (server.events.hasRoom(bytes.length)) server.events.send('full', bytes);
    await waitFor(() => seen.length > 5, { deadline: 2000 });
    expect(told).toBe(0);
    gate.resolve();
    await waitFor(() => told === seen.length, { deadline: 2000 });
    expect(server.events.hasRoom(bytes.length)).toBe(true);
  });
});

describe('a link', () => {
  it('closes on the host when the far side is silent', async () => {
    const { client, agentTransport } = await pair({ heartbeat: { everyMs: 20, deadAfter: 3 } });
    agentTransport.input.pause();
    agentTransport.input.removeAllListeners('data');
    await expect(client.closed).resolves.toMatchObject({
      code: 'LINK',
      message: expect.stringContaining('silent'),
    });
  });

  it('closes on the agent when the host is silent', async () => {
    const [transport, agentTransport] = createTransportPair();
    const agent = acceptLink({
      transport: agentTransport,
      leftover: Buffer.alloc(0),
      heartbeat: { everyMs: 20, deadAfter: 3 },
      onHello: async () => null,
    });
    await expect(agent.closed).resolves.toMatchObject({ code: 'LINK' });
    await transport.close();
  });

  it('stays open as long as the far side answers', async () => {
    const { client, host } = await pair({ heartbeat: { everyMs: 10, deadAfter: 3 } });
    const closed = later();
    void client.closed.then(() => closed.resolve());
    for (let n = 0; n < 10; n += 1) {
      await Promise.race([
        new Promise((resolve) => setTimeout(resolve, 10)),
        closed.promise.then(() => expect.unreachable()),
      ]);
    }
    expect((await host.ping()).roundTrip).toBeGreaterThan(0);
  });

  it('is refused in words when no version fits, and when the agent will not serve', async () => {
    const attempt = (protocol: { min: number; max: number }) => {
      const [transport, agentTransport] = createTransportPair();
      acceptLink({
        transport: agentTransport,
        leftover: Buffer.alloc(0),
        heartbeat: quiet,
        onHello: async () => {
          throw new CaiError('ROOT', 'not there');
        },
      });
      return openLink({ transport, hello: null, helloMs: 2000, protocol });
    };
    await expect(attempt({ min: 7, max: 9 })).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('7-9'),
    });
    await expect(attempt({ min: 1, max: 9 })).rejects.toMatchObject({ code: 'ROOT' });
  });

  it('gives up opening at its deadline and on its signal', async () => {
    const options = { hello: null, helloMs: 30 };
    await expect(
      openLink({ transport: createTransportPair()[0], ...options }),
    ).rejects.toMatchObject({ code: 'TIMEOUT' });
    const controller = new AbortController();
    const opening = openLink({
      transport: createTransportPair()[0],
      hello: null,
      helloMs: 5000,
      signal: controller.signal,
    });
    controller.abort();
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
