/** The agent's socket in a real process: found from below the root, taken over, and gone afterwards. */
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { builtAgent } from '../../test/support/built.ts';
import { describeNeeding } from '../../test/support/needs.ts';
import { waitFor } from '../../test/support/wait.ts';
import { callSession } from '../control/client.ts';
import { attachedSession } from '../control/upcall-target.ts';
import type { Replica } from '../replica/replica.ts';
import { bootScript, nodeFlags } from './boot.ts';
import { openAgentReplica } from './connect.ts';
import { spawnTransport } from './spawned.ts';
import { upcallSockets } from './upcall-place.ts';

const options = {
  rules: { ignore: [], allow: [], gitignore: true, git: false },
  settle: 2,
  settleMax: 100,
  maxFileSize: 2 ** 32,
  modes: 'portable' as const,
};

function newRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'cai-upcall-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** An agent whose host answers every request with its own name. */
async function attach(root: string, host: string): Promise<Replica> {
  const command = [process.execPath, ...nodeFlags, '-e', bootScript];
  const replica = await openAgentReplica({
    transport: spawnTransport({ name: 'node', command }),
    agentSource: readFileSync(builtAgent(), 'utf8'),
    hello: { root, options, create: false },
    helloMs: 20_000,
    async *upcalls(line) {
      const { id, call } = JSON.parse(line);
      yield JSON.stringify({ id, result: { host, call } });
    },
  });
  onTestFinished(() => replica.close());
  return replica;
}

async function whoAnswers(directory: string): Promise<unknown> {
  return callSession(attachedSession(directory), 'status', {});
}

const hasSocket = (root: string): boolean =>
  upcallSockets(root).some((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);

describeNeeding(['linux'], 'the socket of a container’s programs', () => {
  it('is there while an agent serves the root, for its user alone', async () => {
    const root = newRoot();
    await expect(whoAnswers(root)).rejects.toMatchObject({
      code: 'NO_SESSION',
      next: expect.stringContaining(`cai watch DIR CONTAINER:${root}`),
    });
    const replica = await attach(root, 'one');
    await waitFor(() => hasSocket(root));
    mkdirSync(join(root, 'a/b'), { recursive: true });
    expect(await whoAnswers(join(root, 'a/b'))).toEqual({ host: 'one', call: 'status' });
    const { socket } = attachedSession(root);
    expect(lstatSync(socket).mode & 0o777).toBe(0o600);
    expect(lstatSync(join(socket, '..')).mode & 0o777).toBe(0o700);
    await replica.close();
    await waitFor(() => !hasSocket(root));
  });

  it('is that of the newest agent, also when an older one ends later', async () => {
    const root = newRoot();
    const older = await attach(root, 'one');
    await waitFor(() => hasSocket(root));
    await attach(root, 'two');
    await waitFor(async () => JSON.stringify(await whoAnswers(root)).includes('two'));
    await older.close();
    expect(await whoAnswers(root)).toEqual({ host: 'two', call: 'status' });
  });
});
