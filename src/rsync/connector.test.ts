/** What rsync does to the helper between it and its other end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { connectorWords, splitHead, tunnelDescriptor } from './connector.ts';

test('ends when rsync tells it to, and opens no port for debuggers', async () => {
  const [node, ...words] = connectorWords as [string, ...string[]];
  const child = spawn(node, [...words, 'host', 'rsync', '--server', '.'], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [head] = (await once(child.stdio[tunnelDescriptor] as Readable, 'data')) as [Buffer];
  expect(splitHead(head)).toMatchObject({ args: ['--server', '.'] });
  child.kill('SIGUSR1');
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(said).toBe('');
});
