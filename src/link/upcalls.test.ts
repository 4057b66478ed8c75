/** Upcalls over a whole link: answers of any size, and agents that ask in ways that they may not. */
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { openPair, type Pair } from './pair.fixture.ts';
import { maxUpcallBytes, maxUpcalls, type UpcallHandler } from './upcalls.ts';

const open: Pair[] = [];
afterEach(async () => {
  for (const { client } of open.splice(0)) await client.close();
});

interface Asking extends Pair {
  /** What was answered to an upcall, by its number: whole lines. */
  readonly lines: (id: number) => readonly string[];
  readonly isOver: (id: number) => boolean;
  ask(id: number, line: string): void;
}

async function asking(handle: UpcallHandler): Promise<Asking> {
  const pair = await openPair({ handlers: { upcalls: async () => undefined } });
  open.push(pair);
  pair.client.serveUpcalls(handle);
  const said = new Map<number, string[]>();
  const over = new Set<number>();
  let piece = '';
  pair.server.onReply = ({ id, end }, bytes) => {
    if (end === 'all') over.add(id);
    piece += Buffer.from(bytes).toString('latin1');
    if (end !== 'line') return;
    said.set(id, [...(said.get(id) ?? []), piece]);
    piece = '';
  };
  return {
    ...pair,
    lines: (id) => said.get(id) ?? [],
    isOver: (id) => over.has(id),
    ask: (id, line) => void pair.agent.send({ t: 'upcall', id }, Buffer.from(line)),
  };
}

async function* never(_line: string, signal: AbortSignal): AsyncGenerator<string> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  yield 'too late';
}

describe('upcalls', () => {
  it('are answered by lines of any length, in their order', async () => {
    const { ask, lines, isOver } = await asking(async function* (line) {
      yield line.toUpperCase();
      yield 'x'.repeat(1_000_000);
      yield '';
    });
    ask(1, 'hello');
    await waitFor(() => isOver(1));
    expect(lines(1).map((line) => line.length)).toEqual([5, 1_000_000, 0]);
    expect(lines(1)[0]).toBe('HELLO');
  });

  it('end when whoever asked has gone, and when the link closes', async () => {
    let ended = 0;
    const { ask, agent, client, isOver } = await asking(async function* (line, signal) {
      try {
        yield* never(line, signal);
      } finally {
        ended += 1;
      }
    });
    ask(1, 'a');
    ask(2, 'b');
    agent.send({ t: 'hangup', id: 1 });
    await waitFor(() => isOver(1));
    expect(ended).toBe(1);
    await client.close();
    await waitFor(() => ended === 2);
  });

  it.each<[string, (asked: Asking) => void]>([
    [
      'a number twice',
      ({ ask }) => {
        ask(1, '{}');
        ask(1, '{}');
      },
    ],
    ['too long a request', ({ ask }) => ask(1, 'x'.repeat(maxUpcallBytes + 1))],
    [
      'too many at a time',
      ({ ask }) => {
        for (let id = 1; id <= maxUpcalls + 1; id += 1) ask(id, '{}');
      },
    ],
    ['the host’s own message', ({ agent }) => agent.send({ t: 'reply', id: 1, end: 'all' })],
  ])('close the link: %s', async (_what, misbehave) => {
    const asked = await asking(never);
    misbehave(asked);
    expect(await asked.client.closed).toMatchObject({ code: 'PROTOCOL' });
  });

  it('close the link where nobody allowed them', async () => {
    const pair = await openPair();
    open.push(pair);
    pair.agent.send({ t: 'upcall', id: 1 }, Buffer.from('{}'));
    expect(await pair.client.closed).toMatchObject({ code: 'PROTOCOL' });
  });
});
