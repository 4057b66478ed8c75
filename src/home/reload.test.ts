/** What a container answers to a reload is believed only when it is a report. A stand-in for the engine answers. */
import { expect, test } from 'vitest';
import type { ContainerInfo } from '../docker/container.ts';
import { type Reloaded, reloadContainer } from './reload.ts';

const container: ContainerInfo = {
  id: 'abc',
  name: 'web',
  created: '',
  running: true,
  state: 'running',
  image: '',
  mounts: [],
  labels: {},
  pidMode: '',
  usernsMode: '',
};

function answer(stdout: string, more = ''): Promise<Reloaded> {
  const command = ['sh', '-c', `printf '%s' "$0"; ${more}`, stdout];
  return reloadContainer({ command, container });
}

const report = { home: '/h', data: '/d', dryRun: false, actions: [], warnings: [] };
const action = { path: '.vimrc', target: '.vimrc', outcome: 'moved', files: 1 };

test('a report is told on', async () => {
  const sync = { ...report, actions: [action] };
  expect(await answer(JSON.stringify(sync))).toEqual({ name: 'web', sync });
});

test.each([
  '',
  'junk',
  '[]',
  JSON.stringify({ ...report, home: 1 }),
  JSON.stringify({ ...report, actions: [{ ...action, path: { evil: 1 } }] }),
  JSON.stringify({ ...report, actions: [{ ...action, outcome: 'pwned' }] }),
  JSON.stringify({ ...report, actions: [{ ...action, kept: [{ path: 1 }] }] }),
  JSON.stringify({ ...report, warnings: [null] }),
])('%j is none', async (stdout) => {
  expect(await answer(stdout)).toEqual({ name: 'web', reason: expect.any(String) });
});

test('why it could not be run', async () => {
  expect((await answer('', 'exit 127')).reason).toBe('it is not of the agent image');
  expect((await answer('', 'echo "no\u001bspace" >&2; exit 1')).reason).toBe('no space');
  const stopped = answer('', 'echo "container abc is not running" >&2; exit 1');
  await expect(stopped).rejects.toMatchObject({ code: 'NO_CONTAINER' });
});
