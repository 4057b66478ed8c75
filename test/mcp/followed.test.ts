/** Single files that clients follow, in batches of any size: each is told, no other is; over both transports, in both eras. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectHttp, connectStdio, eras, type McpClient, serve } from '../support/mcp.ts';
import { startMcpPair } from '../support/mcp-pair.ts';
import { waitFor } from '../support/wait.ts';

const count = 700;
const followed = ['cai://files/many/f0', `cai://files/many/f${count - 1}`, 'cai://files/still'];
const changing = followed.slice(0, 2);

test('of a batch of hundreds of files exactly those that are followed are told', async () => {
  const { cai, near, far, stop } = await startMcpPair({ still: '' });
  onTestFinished(stop);
  const served = await serve(cai, [near]);
  onTestFinished(served.stop);
  const clients = await Promise.all(
    eras.flatMap((era) => [connectStdio(cai, [near], { era }), connectHttp(served, { era })]),
  );
  const followers = await Promise.all(
    clients.map(async (client, at) => follow(client, at < 2 ? 'legacy' : 'modern')),
  );

  // Whoever wants more than is kept account of is told so.
  const many = Array.from({ length: 1001 }, (_, n) => `cai://files/f${n}`);
  const { client: greedy } = await connectHttp(served);
  await expect(greedy.listen({ resourceSubscriptions: many })).rejects.toThrow('At most 1000');

  const aside = `${far}-aside`;
  mkdirSync(aside);
  write(aside, 'first');
  renameSync(aside, join(far, 'many'));
  for (const told of followers) await waitFor(() => told.size === 2, { what: 'two files' });
  for (const told of followers) expect([...told].sort()).toEqual(changing);

  // The other way, and files that were there before.
  await cai.json(['flush'], { cwd: near });
  for (const told of followers) told.clear();
  write(join(near, 'many'), 'second');
  for (const told of followers) await waitFor(() => told.size === 2, { what: 'two files' });
  await cai.json(['flush'], { cwd: near });
  for (const told of followers) expect([...told].sort()).toEqual(changing);

  // What goes is a change too, and so is what moves away.
  for (const told of followers) told.clear();
  renameSync(join(near, 'many'), join(near, 'moved'));
  for (const told of followers) await waitFor(() => told.size === 2, { what: 'two files' });
});

function write(directory: string, text: string): void {
  for (let n = 0; n < count; n += 1) writeFileSync(join(directory, `f${n}`), `${text} ${n}`);
}

/** The URIs that the client was told of. */
async function follow(
  { client }: Pick<McpClient, 'client'>,
  era: (typeof eras)[number],
): Promise<Set<string>> {
  const told = new Set<string>();
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    told.add(params.uri);
  });
  if (era === 'modern') await client.listen({ resourceSubscriptions: followed });
  else await Promise.all(followed.map((uri) => client.subscribeResource({ uri })));
  return told;
}
