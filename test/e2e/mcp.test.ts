/**
 * MCP on both sides of a live session with a real container: the examples of the chat as tool calls, edits from the
 * host and from within, conflicts and a lost link that clients hear of, and who did what in the history.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dist } from '../../scripts/fresh.mjs';
import { startContainer } from '../support/container.ts';
import type { McpClient } from '../support/mcp.ts';
import { connectHttp, connectInContainer, connectStdio, serve } from '../support/mcp.ts';
import { describeNeeding } from '../support/needs.ts';
import { type Watched, watch } from '../support/session.ts';
import { waitFor } from '../support/wait.ts';

async function start(args: readonly string[] = []): Promise<Watched> {
  const container = await startContainer({ volumes: [`${dist}:/cai:ro`] });
  const session = await watch(container, { args });
  session.put({ 'src/index.ts': 'export const a = 1;\n', 'package.json': '{}\n' });
  await session.flush();
  return session;
}

/** Alerts and updates that a client got. */
function listen({ client }: Pick<McpClient, 'client'>): { alerts: string[]; updated: string[] } {
  const heard = { alerts: [] as string[], updated: [] as string[] };
  client.setNotificationHandler('notifications/message', ({ params }) => {
    heard.alerts.push((params.data as { about: string }).about);
  });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    heard.updated.push(params.uri);
  });
  return heard;
}

describeNeeding(['docker'], 'MCP beside a live session', () => {
  test("the chat's examples, from the host and from within the container", async () => {
    const session = await start();
    const host = await connectStdio(session.cai, [session.local], { name: 'chat bot' });
    // /exec sync_from_local
    expect(await host.say('sync_from_local')).toMatch(
      /^✅ Synced 1 path\(s\) from local to Docker workspace/,
    );
    // Edit src/index.ts and add a console.log
    const line = { old_text: '1;\n', new_text: '1;\nconsole.log(a);\n' };
    const edited = await host.say('edit_file', { file_path: 'src/index.ts', edits: [line] });
    expect(edited).toMatch(/^Edited src\/index\.ts, in the container after \d+ ms$/);
    expect(await session.far('cat src/index.ts')).toContain('console.log(a);');
    // Show me the current sync status
    expect(await host.say('sync_status')).toMatch(
      /: watching, [\s\S]*Local → Docker: [^\n]* [1-9]\d* files synced/,
    );

    const inside = await connectInContainer(session.container, session.root, {
      name: 'claude-code',
      args: ['--allow-exec'],
    });
    expect(await inside.use('workspace_info')).toMatchObject({ side: 'container', session: true });
    expect(await inside.say('sync_from_local', { paths: ['src'] })).toMatch(
      /^✅ Synced 1 path\(s\) from local/,
    );
    const within = await inside.say('edit_file', {
      file_path: 'src/index.ts',
      content: 'by the agent\n',
    });
    expect(within).toMatch(/^Edited src\/index\.ts, on the host after \d+ ms$/);
    expect(readFileSync(join(session.local, 'src/index.ts'), 'utf8')).toBe('by the agent\n');

    await session.flush();
    const rows = await session.history('src/index.ts');
    expect(rows.map(({ side, by }) => [side, by])).toEqual([
      ['local', 'claude-code'],
      ['container', 'chat bot'],
    ]);
    const { versions } = await inside.use<{ versions: { id: string }[] }>('history', {
      by: 'chat bot',
    });
    expect(
      await inside.say('diff', { from: versions[0]?.id as string, to: 'container' }),
    ).toContain('-export const a = 1;');
    // What a program writes has no name of its own: it gets that of the client who ran it.
    const program = `require('fs').writeFileSync('package.json', '{"by":1}'); require('fs').writeFileSync('made', '')`;
    await inside.use('run_command', { command: ['node', '-e', program] });
    session.put({ mine: 'by me' });
    await session.flush();
    expect(await session.history('package.json')).toMatchObject([{ by: 'claude-code' }]);
    await session.cai.json(['undo', '--by', 'claude-code'], { cwd: session.local });
    await session.same();
    expect(await session.far('cat src/index.ts package.json mine && ls made || true')).toMatch(
      /console\.log\(a\);\n\{\}\nby me$/,
    );
  });

  test('directories move and go with all that is in them, and the sides stay the same', async () => {
    const session = await start();
    session.put(
      Object.fromEntries(
        Array.from({ length: 80 }, (_, at) => [`many/d${at % 5}/f${at}`, `${at}`]),
      ),
    );
    await session.flush();
    const host = await connectHttp(await served(session), { era: 'legacy' });
    const moved = await host.use('move_path', { source: 'many', destination: 'other/many' });
    expect(moved).toMatchObject({ sync: { state: 'arrived' } });
    expect(await session.far('ls other/many')).toBe('d0\nd1\nd2\nd3\nd4\n');
    const gone = await host.say('delete_path', { path: 'other', recursive: true });
    expect(gone).toMatch(
      /^Deleted other\/ \(80 files\); not in the container yet: .* waits for you/,
    );
    await session.cai.json(['approve', session.name]);
    await session.same();
    const { versions } = await host.use<{ versions: { path: string; by?: string }[] }>('history', {
      path: 'other',
      limit: 3,
    });
    expect(versions.map(({ by }) => by)).toEqual(['test-client', 'test-client', 'test-client']);
  });

  test('a client hears of conflicts and of a lost link at once, and settles the conflict', async () => {
    const session = await start(['--conflicts', 'manual']);
    const host = await connectStdio(session.cai, [session.local], { era: 'legacy' });
    const heard = listen(host);
    await host.client.subscribeResource({ uri: 'cai://conflicts' });
    await session.cai.json(['pause', session.name]);
    writeFileSync(join(session.local, 'package.json'), '{"local":1}\n');
    await session.putFar({ 'package.json': '{"container":1}\n' });
    await host.use('resume_sync');
    await waitFor(
      () => heard.alerts.includes('conflict') && heard.updated.includes('cai://conflicts'),
    );
    const { conflicts } = await host.use<{ conflicts: { id: string; path: string }[] }>(
      'list_conflicts',
    );
    expect(conflicts).toMatchObject([{ path: 'package.json', settled: 'open' }]);
    expect(await host.say('diff', { path: 'package.json' })).toContain('+{"container":1}');
    const edit = { file_path: 'package.json', content: '{"mine":1}\n' };
    expect(await host.use('edit_file', edit)).not.toMatchObject({ sync: { state: 'arrived' } });
    await host.use('resolve_conflict', { path: 'package.json', take: 'local' });
    await session.same();
    expect(await session.far('cat package.json')).toBe('{"mine":1}\n');

    await session.container.stop();
    await waitFor(() => heard.alerts.includes('link'), { deadline: 30_000 });
    const late = await host.use('write_file', { path: 'late', content: 'x' });
    expect(late).toMatchObject({ sync: { state: 'pending' } });
    await session.container.start();
    await session.until('the link', ({ state }) => state === 'watching');
    await session.same();
  });
});

async function served(session: Watched): ReturnType<typeof serve> {
  const server = await serve(session.cai, [session.local]);
  onTestFinished(server.stop);
  return server;
}
