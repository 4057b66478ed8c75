/** `cai mcp` with the SDK's real client over stdio, while a session runs, in both eras. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtCli } from '../support/built.ts';
import { newCai } from '../support/cai.ts';
import { connectStdio, eras } from '../support/mcp.ts';
import type { McpPair } from '../support/mcp-pair.ts';
import { startMcpPair } from '../support/mcp-pair.ts';
import { endSessionsOf } from '../support/session.ts';
import { makeTree, temporaryDirectory } from '../support/tree.ts';

async function pair(spec: Parameters<typeof makeTree>[1] = {}): Promise<McpPair> {
  const made = await startMcpPair(spec);
  onTestFinished(made.stop);
  return made;
}

describe.each(eras)('a %s client', (era) => {
  test('edits a file, which is on the other side when the answer comes', async () => {
    const { cai, near, far } = await pair({ 'src/index.ts': 'let a = 1;\n' });
    const { use, say, client } = await connectStdio(cai, [near], { era, name: 'Claude Code' });
    expect(client.getServerVersion()).toMatchObject({ name: 'cai' });
    const read = await use('read_file', { path: 'src/index.ts' });
    expect(read).toMatchObject({ kind: 'text', total_lines: 1, eol: 'lf' });
    const text = await say('edit_file', {
      file_path: 'src/index.ts',
      edits: [{ old_text: 'a = 1', new_text: 'a = 2' }],
      expected_digest: read.digest,
    });
    expect(text).toMatch(/^Edited src\/index\.ts, in the container after \d+ ms$/);
    expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe('let a = 2;\n');
    await cai.json(['flush'], { cwd: near });
    const history = await cai.json<{ path: string; by: string }[]>(['history'], { cwd: near });
    expect(history).toMatchObject([{ path: 'src/index.ts', by: 'Claude Code' }]);
    await cai.json(['undo', '--by', 'Claude Code'], { cwd: near });
    await cai.json(['flush'], { cwd: near });
    expect(readFileSync(join(far, 'src/index.ts'), 'utf8')).toBe('let a = 1;\n');
    await use('write_file', { path: 'made/on/the/way', content: 'x' });
    await cai.json(['undo', '--by', 'Claude Code'], { cwd: near });
    await cai.json(['flush'], { cwd: near });
    expect([existsSync(join(near, 'made')), existsSync(join(far, 'made'))]).toEqual([false, false]);
  });

  test('steers the sync and asks for its status', async () => {
    const { cai, near, far } = await pair({ a: 'a' });
    const { use, say, client } = await connectStdio(cai, [near], { era });
    expect(await say('sync_from_local', { paths: ['a'] })).toMatch(
      /^✅ Synced 1 path\(s\) from local/,
    );
    const told: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
      told.push(params.uri);
    });
    const uri = 'cai://status';
    if (era === 'legacy') await client.subscribeResource({ uri });
    else await client.listen({ resourceSubscriptions: [uri] });
    await use('pause_sync');
    await expect.poll(() => told).toContain(uri);
    const { sync } = await use('write_file', { path: 'b', content: 'b' });
    expect(sync).toMatchObject({
      state: 'pending',
      side: 'container',
      reason: 'the session is paused',
    });
    expect(await use('sync_status')).toMatchObject({
      state: 'paused',
      side: 'local',
      session: 'near',
    });
    await use('resume_sync');
    await use('sync_from_local');
    expect(readFileSync(join(far, 'b'), 'utf8')).toBe('b');
  });
});

test('without a session files can be edited, and sync tools say how to start one', async () => {
  const cai = newCai();
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'a'), 'a');
  const { use, say, refuse, stderr } = await connectStdio(cai, [directory]);
  expect(await say('edit_file', { file_path: 'a', content: 'b' })).toBe(
    'Edited a; it stays here: no session is running',
  );
  expect(await use('sync_status')).toMatchObject({
    state: 'stopped',
    next: expect.stringContaining('cai watch'),
  });
  expect(await refuse('sync_from_local')).toMatchObject({ code: 'NO_SESSION' });
  expect(stderr()).toBe('');
});

test('ends when its client closes its end, also in the middle of a call', async () => {
  const server = spawn(
    process.execPath,
    [builtCli(), 'mcp', temporaryDirectory(), '--allow-exec'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, CAI_STATE_DIR: newCai().stateDirectory },
    },
  );
  const ended = new Promise((resolve) => server.once('exit', resolve));
  const clientInfo = { name: 'x', version: '1' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const command = { name: 'run_command', arguments: { command: ['sleep', '600'] } };
  for (const message of [
    { id: 1, method: 'initialize', params },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/call', params: command },
  ])
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  await new Promise((resolve) => server.stdout.once('data', resolve));
  server.stdin.end();
  expect(await ended).toBe(0);
});

test('the session that containai.toml defines is started, and started again when it had ended', async () => {
  const top = temporaryDirectory();
  makeTree(top, {
    'near/containai.toml': '[sync]\nremote = "../far"\n',
    'near/a': 'a',
    'far/b': 'b',
  });
  const cai = newCai();
  endSessionsOf(cai);
  for (const round of ['first', 'second']) {
    const { use, close } = await connectStdio(cai, [join(top, 'near')]);
    await expect
      .poll(() => use('sync_status'), { timeout: 20_000 })
      .toMatchObject({ state: 'watching', session: 'near' });
    await use('write_file', { path: round, content: 'x' });
    await close();
    await cai.run(['unwatch', '--all']);
  }
  expect(readFileSync(join(top, 'far', 'second'), 'utf8')).toBe('x');
});
