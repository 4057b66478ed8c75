import { expect, test } from 'vitest';
import type { ContainerInfo, Mount } from './container.ts';
import { findPlace } from './place.ts';

const info: ContainerInfo = {
  id: 'abc',
  name: 'web',
  created: '2025-01-01T00:00:00Z',
  running: true,
  state: 'running',
  image: 'node',
  labels: {},
  mounts: [
    mount('volume', '/data', { name: 'vol' }),
    mount('bind', '/data/host', { source: '/srv' }),
    mount('tmpfs', '/data/host/tmp'),
  ],
  pidMode: '',
  usernsMode: '',
};

function mount(type: string, destination: string, more: Partial<Mount> = {}): Mount {
  return { type, destination, source: '', writable: true, ...more };
}

/** An engine that answers like one that has the volume. */
const engine = ['sh', '-c', 'echo "\\"made then\\""', 'sh'];

test.each([
  ['/data', { kind: 'volume', name: 'vol', created: '"made then"' }],
  ['/data/app', { kind: 'volume', name: 'vol', created: '"made then"' }],
  ['/data/host/x', { kind: 'bind', source: '/srv', destination: '/data/host' }],
  ['/data/host/tmp/x', { kind: 'container', id: 'abc', created: info.created }],
  ['/database', { kind: 'container', id: 'abc', created: info.created }],
  ['/', { kind: 'container', id: 'abc', created: info.created }],
])('%s', async (root, place) => {
  expect(await findPlace({ command: engine, info, root })).toEqual(place);
});

test('an engine that does not say when a volume was made: never the same again', async () => {
  const query = { command: ['false'], info, root: '/data' };
  const first = await findPlace(query);
  expect(first).toMatchObject({ kind: 'volume', created: expect.stringContaining('unknown') });
});
