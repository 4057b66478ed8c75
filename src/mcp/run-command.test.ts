/** run_command: only where it was asked for; bounded in time and output; ended with everything it started. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeTree } from '../../test/support/tree.ts';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import { startPair } from '../session/testing.ts';
import { noSession } from './no-session.ts';
import { portOf, useTools } from './testing.ts';

const node = process.execPath;

test('is not there unless it was asked for', async () => {
  const { client, refuse } = await useTools();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).not.toContain('run_command');
  await expect(refuse('run_command', { command: ['true'] })).rejects.toThrow('run_command');
});

test('runs a program with arguments as they are, in a directory, with input', async () => {
  const { use, root } = await useTools({ 'd/x': '' }, { allowExec: true });
  const script =
    'process.stdin.pipe(process.stdout); console.error(process.cwd(), process.argv[1], process.env.A)';
  const command = [node, '-e', script, '$(echo no); "x"'];
  const ran = await use('run_command', { command, cwd: 'd', stdin: 'in', env: { A: 'b' } });
  expect(ran).toMatchObject({ exit_code: 0, timed_out: false });
  expect(ran.output).toContain(`${join(root, 'd')} $(echo no); "x" b\n`);
  expect(ran.output).toContain('in');
});

test('an exit code is an answer, a program that is not there an error', async () => {
  const { use, refuse } = await useTools({}, { allowExec: true });
  expect(await use('run_command', { command: [node, '-e', 'process.exit(3)'] })).toMatchObject({
    exit_code: 3,
  });
  expect((await refuse('run_command', { command: ['/nowhere/at-all'] })).code).toBe('NOT_FOUND');
  expect((await refuse('run_command', { command: [node], cwd: '..' })).code).toBe('REFUSED');
});

test('much output keeps its beginning and its end', async () => {
  const { use } = await useTools({}, { allowExec: true });
  const script =
    'console.log("first"); for (let i = 0; i < 50000; i++) console.log("line " + i); console.log("last")';
  const ran = await use<{ output: string; omitted_bytes: number }>('run_command', {
    command: [node, '-e', script],
    max_output_bytes: 1000,
  });
  expect(ran.output).toMatch(/^first\n[\s\S]* bytes left out …\n[\s\S]*last\n$/);
  expect(ran.output.length).toBeLessThan(1200);
  expect(ran.omitted_bytes).toBeGreaterThan(400_000);
});

test('output that fits is whole, and what is allowed is not exceeded, however little that is', async () => {
  const { use } = await useTools({}, { allowExec: true });
  const text = `x${'ä'.repeat(20_000)}`;
  const script = `process.stdout.write('x' + 'ä'.repeat(20_000))`;
  const ran = await use('run_command', { command: [node, '-e', script] });
  expect(ran).toMatchObject({ output: text, omitted_bytes: 0 });
  const bounded = await use('run_command', { command: [node, '-e', script], max_output_bytes: 1 });
  expect(bounded).toMatchObject({ output: '\n… 40001 bytes left out …\n', omitted_bytes: 40_001 });
});

test('its time is limited, and what it started ends with it', async () => {
  const { use, root } = await useTools({}, { allowExec: true });
  const inner = `setInterval(() => {}, 1000); require('fs').writeFileSync('pid', String(process.pid))`;
  const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}]); setInterval(() => {}, 1000)`;
  const ran = use('run_command', { command: [node, '-e', script], timeout_ms: 1500 });
  await waitFor(() => existsSync(join(root, 'pid')));
  expect(await ran).toMatchObject({ timed_out: true, exit_code: null });
  const { output: pid } = await use<{ output: string }>('run_command', { command: ['cat', 'pid'] });
  await waitFor(() => !isAlive(Number(pid)), { what: 'the end of the inner program' });
});

test('a client that cancels ends it, and hears of its progress before', async () => {
  const { client, root } = await useTools({}, { allowExec: true });
  const script = `require('fs').writeFileSync('pid', String(process.pid)); setInterval(() => console.log('tick'), 20)`;
  const cancel = new AbortController();
  const told: string[] = [];
  const call = client.callTool(
    { name: 'run_command', arguments: { command: [node, '-e', script] } },
    { signal: cancel.signal, onprogress: ({ message }) => told.push(message ?? '') },
  );
  await waitFor(() => told.includes('tick'));
  cancel.abort();
  await expect(call).rejects.toThrow();
  const pid = Number(await readPid(root));
  await waitFor(() => !isAlive(pid), { what: 'its end' });
});

test('what it changes is in the history under the name of the client, and can be undone by it', async () => {
  const pair = await startPair({ fill: (local) => makeTree(local, { a: 'before', b: 'before' }) });
  await pair.same();
  const { use } = await useTools({}, { allowExec: true, root: pair.local, port: portOf(pair) });
  const script = `const fs = require('fs'); fs.writeFileSync('a', 'after'); fs.mkdirSync('d'); fs.writeFileSync('d/new', 'new')`;
  await use('run_command', { command: [node, '-e', script] });
  writeFileSync(join(pair.local, 'b'), 'by me');
  await pair.same();
  const { versions } = await use<{ versions: { path: string; by?: string }[] }>('history', {});
  expect(versions.map(({ path, by }) => [path, by])).toEqual(
    expect.arrayContaining([
      ['a', 'test-client'],
      ['b', undefined],
    ]),
  );
  const undone = await use<{ done: { path: string }[] }>('undo', { by: 'test-client' });
  expect(undone.done.map(({ path }) => path).sort()).toEqual(['a', 'd', 'd/new']);
  // A directory moved by its own tool has names that nobody can announce one by one.
  makeTree(pair.local, { 'from/x': '1', 'from/y': '2' });
  await pair.same();
  await use('move_path', { source: 'from', destination: 'to' });
  const back = await use<{ done: { path: string }[] }>('undo', {
    by: 'test-client',
    dry_run: true,
  });
  expect(back.done.map(({ path }) => path)).toEqual(expect.arrayContaining(['from/x', 'to/y']));
});

test('says so when the session does not take the name', async () => {
  const port = {
    ...noSession(),
    isUp: () => true,
    call: () => Promise.reject(new CaiError('BUSY', 'Too many calls.')),
  };
  const { say } = await useTools({}, { allowExec: true, port });
  expect(await say('run_command', { command: [node, '-e', ''] })).toContain(
    '[exit code 0; the history may not name you: Too many calls.]',
  );
});

async function readPid(root: string): Promise<string> {
  const { readFileSync } = await import('node:fs');
  return readFileSync(join(root, 'pid'), 'utf8');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
