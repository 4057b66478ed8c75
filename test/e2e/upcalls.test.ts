/** Programs in a container ask the session on the host through the link, whatever the container lacks. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Response } from '../../src/control/api.ts';
import { type Container, createVolume, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { watch } from '../support/session.ts';

const asker = readFileSync(new URL('../support/asker.cjs', import.meta.url), 'utf8');

/** What is answered to each request, in the order in which the answers came. */
async function ask(container: Container, lines: readonly string[]): Promise<Response[]> {
  const command = ['node', '-e', asker, JSON.stringify(lines), String(lines.length)];
  const { stdout } = await container.exec(command);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Response);
}

const status = JSON.stringify({ id: 3, call: 'status', params: {} });

describeNeeding(['docker'], 'upcalls', () => {
  test('a user with a read-only root and no network asks, and cannot end the session', async () => {
    const volume = await createVolume();
    const container = await startContainer({
      user: 'dev',
      readOnly: true,
      volumes: [`${volume}:/home/dev`],
    });
    const watched = await watch(container, { root: '/home/dev' });
    watched.put({ a: 'hello' });
    const flush = { id: 1, call: 'flush', params: { timeoutMs: 20_000 } };
    const [flushed] = await ask(container, [JSON.stringify(flush)]);
    expect(flushed).toMatchObject({ id: 1, result: { problems: [] } });
    expect(await watched.far('cat a')).toBe('hello');
    const stop = JSON.stringify({ id: 2, call: 'stop', params: {} });
    expect(await ask(container, [stop])).toMatchObject([{ id: 2, error: { code: 'USAGE' } }]);
    expect(await ask(container, [status])).toMatchObject([
      { id: 3, result: { state: 'watching' } },
    ]);
  });

  test('a flood is answered, and edits go on meanwhile', async () => {
    const container = await startContainer();
    const watched = await watch(container);
    const flood = ask(container, Array(2000).fill(status));
    watched.put({ b: 'meanwhile' });
    await watched.flush();
    expect(await watched.far('cat b')).toBe('meanwhile');
    const answers = await flood;
    expect(answers).toHaveLength(2000);
    expect(answers.some((answer) => 'error' in answer && answer.error.code === 'BUSY')).toBe(true);
    expect(answers.some((answer) => 'result' in answer)).toBe(true);
    expect(await watched.status()).toMatchObject({ state: 'watching', problems: [] });
  });
});
