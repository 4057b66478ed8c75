/** What goes wrong while the two replicas are being opened anew. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { CaiError } from '../errors.ts';
import { faultyFs } from '../replica/testing.ts';
import type { Store } from '../store/store.ts';
import { standInForSsh } from './ssh.fixture.ts';
import { startPair } from './testing.ts';

it('a link that breaks while it is opened for the first time is opened again', async () => {
  const ssh = standInForSsh();
  ssh.close();
  const starting = startPair({ far: 'ssh://box', options: { ssh: ssh.command } });
  for (const tries of [1, 2]) {
    await waitFor(() => ssh.pids().length === tries, { what: `try ${tries}` });
    ssh.cut();
  }
  ssh.open();
  const pair = await starting;
  writeFileSync(join(pair.local, 'new'), 'one');
  await pair.same();
  expect(readFileSync(join(pair.container, 'new'), 'utf8')).toBe('one');
});

it('a link that breaks again and again when it is opened for the first time is an error', async () => {
  const command = ['sh', '-c', 'kill -9 $$', 'ssh'];
  const starting = startPair({ far: 'ssh://box', options: { ssh: command } });
  await expect(starting).rejects.toThrow(expect.objectContaining({ code: 'LINK' }));
});

it('what went over right before the link was lost for good is known at the next start', async () => {
  const ssh = standInForSsh();
  const input = { far: 'ssh://box', options: { ssh: ssh.command } };
  const pair = await startPair(input);
  await pair.same();
  const [here, there] = [pair.local, pair.container].map((root) => join(root, 'new')) as [
    string,
    string,
  ];
  writeFileSync(here, 'one');
  await waitFor(() => expect(readFileSync(there, 'utf8')).toBe('one'), { what: 'the file' });
  ssh.close();
  ssh.cut();
  await waitFor(() => pair.session.status().state === 'disconnected', { what: 'the loss' });
  await pair.stop();
  rmSync(here);
  ssh.open();
  const again = await startPair({ ...input, again: pair });
  await again.same();
  expect([here, there].filter((path) => existsSync(path))).toEqual([]);
});

it('a local directory that is made anew while the link is being opened', async () => {
  const ssh = standInForSsh();
  const pair = await startPair({ far: 'ssh://box', options: { ssh: ssh.command } });
  await pair.same();
  ssh.close();
  ssh.cut();
  await waitFor(() => ssh.pids().length > 1, { what: 'another try' });
  renameSync(pair.local, `${pair.local}-before`);
  mkdirSync(pair.local);
  writeFileSync(join(pair.local, 'new'), 'one');
  const isBack = expect.objectContaining({ type: 'state', detail: 'the directory is back' });
  await waitFor(() => expect(pair.events).toContainEqual(isBack), { what: 'the notice of it' });
  ssh.open();
  await pair.same();
  expect(readFileSync(join(pair.container, 'new'), 'utf8')).toBe('one');
});

/** The store, which writes no value of these names while it is full. */
function smallStore(names: readonly string[]) {
  const disk = { isFull: false };
  const of = (real: Store): Store => {
    const setValue: Store['setValue'] = (name, value) => {
      if (disk.isFull && names.includes(name)) throw new CaiError('NO_SPACE', 'No space is left.');
      real.setValue(name, value);
    };
    return new Proxy(real, {
      get: (target, name) => (name === 'setValue' ? setValue : Reflect.get(target, name)),
    });
  };
  return { disk, of };
}

it('a state that cannot be written leaves no link open', async () => {
  const ssh = standInForSsh();
  const { disk, of } = smallStore(['identity']);
  const pair = await startPair({ far: 'ssh://box', options: { ssh: ssh.command }, store: of });
  await pair.same();
  disk.isFull = true;
  ssh.cut();
  await waitFor(() => ssh.pids().length > 3, { what: 'some tries' });
  disk.isFull = false;
  await pair.same();
  await waitFor(() => ssh.alive().length === 1, { what: 'the end of the others' });
});

it('a merge whose end cannot be written ends when it can', async () => {
  const { disk, of } = smallStore(['merging']);
  const fill = (local: string) => writeFileSync(join(local, 'a'), 'one');
  const pair = await startPair({ fill, store: of });
  disk.isFull = true;
  const state = expect.objectContaining({ code: 'STATE' });
  const problems = () => pair.session.status().problems;
  await waitFor(() => expect(problems()).toContainEqual(state), { what: 'the problem' });
  disk.isFull = false;
  await waitFor(() => expect(problems()).toEqual([]), { what: 'its end' });
  expect(pair.store.getValue('merging')).toBeUndefined();
});

it('a local directory that goes, and is back after the link was lost too', async () => {
  const ssh = standInForSsh();
  const pair = await startPair({ far: 'ssh://box', options: { ssh: ssh.command } });
  await pair.same();
  const away = `${pair.local}-away`;
  renameSync(pair.local, away);
  const { session } = pair;
  await waitFor(() => session.status().holds.length > 0, { what: 'the hold' });
  ssh.cut();
  const problem = expect.objectContaining({ code: 'ROOT' });
  await waitFor(() => expect(session.status().problems).toContainEqual(problem), { what: 'a try' });
  renameSync(away, pair.local);
  writeFileSync(join(pair.local, 'new'), 'one');
  await waitFor(() => expect(session.status().holds).toEqual([]), { what: 'the end of the hold' });
  await pair.same();
  expect(readFileSync(join(pair.container, 'new'), 'utf8')).toBe('one');
});

it('a paused session is shown as paused again after the link was lost', async () => {
  const ssh = standInForSsh();
  const pair = await startPair({ far: 'ssh://box', options: { ssh: ssh.command } });
  await pair.same();
  await pair.session.pause();
  ssh.cut();
  const scanning = expect.objectContaining({ type: 'state', state: 'scanning' });
  await waitFor(() => expect(pair.events).toContainEqual(scanning), { what: 'the next scan' });
  writeFileSync(join(pair.local, 'new'), 'one');
  const state = () => pair.session.status().state;
  await waitFor(() => expect(state()).toBe('paused'));
  await pair.session.resume();
  await pair.same();
});

it('a link that is lost while the local side is scanned is shown as lost', async () => {
  const ssh = standInForSsh();
  const faulty = faultyFs();
  const names = Array.from({ length: 2_000 }, (_, n) => `file-${n}`);
  const fill = (local: string) => {
    for (const name of names) writeFileSync(join(local, name), '');
  };
  const seen = new Set<string>();
  faulty.fail = (call, path) => {
    if (call !== 'lstatSync' || !/file-\d+$/.test(path)) return undefined;
    seen.add(path);
    if (seen.size !== names.length / 2) return undefined;
    ssh.close();
    ssh.cut();
    return undefined;
  };
  const options = { ssh: ssh.command };
  const pair = await startPair({ far: 'ssh://box', options, fill, fs: { local: faulty.fs } });
  await waitFor(() => seen.size === names.length, { what: 'the end of the scan' });
  await waitFor(() => ssh.pids().length > 1, { what: 'another try' });
  ssh.open();
  await pair.same();
  const states = pair.events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  expect(states[states.indexOf('disconnected') + 1]).toBe('scanning');
});

it('a side that cannot be read is tried again with growing distance, until it can', async () => {
  const faulty = faultyFs();
  const isRoot = (path: string) => path.endsWith('/local');
  faulty.fail = (call, path) => (call === 'readdirSync' && isRoot(path) ? 'EIO' : undefined);
  const pair = await startPair({ fs: { local: faulty.fs } });
  writeFileSync(join(pair.local, 'new'), 'one');
  const tries = () =>
    pair.events.flatMap((event) =>
      event.type === 'notice' && event.message.includes('EIO') ? [event.time] : [],
    );
  await waitFor(() => tries().length > 4, { what: 'some tries' });
  const [first = 0, , , , fifth = 0] = tries();
  expect(fifth - first).toBeGreaterThan(600);
  faulty.fail = undefined;
  await pair.same();
  expect(readFileSync(join(pair.container, 'new'), 'utf8')).toBe('one');
});

it('a flush that is late goes on with nothing, though a side cannot be asked', async () => {
  const faulty = faultyFs();
  const pair = await startPair({ fs: { local: faulty.fs } });
  await pair.same();
  // As without descriptors: no cookie can be made, and the root cannot be read.
  faulty.fail = (call) =>
    call === 'writeFileSync' || call === 'readdirSync' ? 'EMFILE' : undefined;
  const late = pair.session.flush({ timeoutMs: 100 });
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
  let asked: number | undefined;
  const isAtRest = () => {
    const before = asked;
    asked = faulty.calls.get('readdirSync');
    return asked === before;
  };
  await waitFor(isAtRest, { every: 100, what: 'the end of the questions' });
  faulty.fail = undefined;
  await pair.same();
});

it('a session that goes on while it is scanned is shown as scanned', async () => {
  const ssh = standInForSsh();
  const faulty = faultyFs();
  const fill = (local: string) => {
    for (let n = 0; n < 2_000; n += 1) writeFileSync(join(local, `file-${n}`), '');
  };
  const options = { ssh: ssh.command };
  const pair = await startPair({ far: 'ssh://box', options, fill, fs: { local: faulty.fs } });
  await pair.same();
  await pair.session.pause();
  const states = () =>
    pair.events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  const scans = () => states().filter((state) => state === 'scanning').length;
  const before = scans();
  let looks = 0;
  faulty.fail = (call) => {
    if (call === 'lstatSync' && scans() > before) looks += 1;
    if (looks === 1_000) void pair.session.resume();
    return undefined;
  };
  ssh.cut();
  await waitFor(() => pair.session.status().state === 'watching', { what: 'the end of it' });
  await pair.same();
  const last = states().lastIndexOf('scanning');
  expect(states()[last + 1]).toBe('syncing');
});
