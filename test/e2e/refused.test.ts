/** What cannot be watched is refused at once: with a message, the path, the next step and an exit code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { newCai } from '../support/cai.ts';
import { type Container, startContainer } from '../support/container.ts';
import { describeNeeding } from '../support/needs.ts';
import { endSessionsOf, newRoot, refused, watch } from '../support/session.ts';
import { temporaryDirectory } from '../support/tree.ts';

describeNeeding(['docker'], 'refused at once', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer();
  });

  test('a local directory that is missing, or a file', async () => {
    const dir = temporaryDirectory();
    const missing = await refused([join(dir, 'missing'), `${container.name}:/w`]);
    expect(missing).toMatchObject({ code: 4, error: { code: 'ROOT', path: join(dir, 'missing') } });
    expect(missing.error.next).toContain('mkdir');
    writeFileSync(join(dir, 'file'), '');
    const file = await refused([join(dir, 'file'), `${container.name}:/w`]);
    expect(file).toMatchObject({ code: 4, error: { code: 'ROOT', path: join(dir, 'file') } });
  });

  test('a container that is missing: similar names are offered', async () => {
    const { code, error } = await refused([temporaryDirectory(), `${container.name}x:/w`]);
    expect(code).toBe(5);
    expect(error).toMatchObject({ code: 'NO_CONTAINER' });
    expect(error.message).toContain(`${container.name}x`);
    expect(error.next).toContain(container.name);
  });

  test('a container that is stopped: the command that starts it', async () => {
    const stopped = await startContainer();
    await stopped.stop();
    const { code, error } = await refused([temporaryDirectory(), `${stopped.name}:/w`]);
    expect(code).toBe(5);
    expect(error.code).toBe('NO_CONTAINER');
    expect(error.next).toContain(`start ${stopped.name}`);
  });

  test('a path in the container that is missing, or a file', async () => {
    const missing = await refused([temporaryDirectory(), `${container.name}:/not/there`]);
    expect(missing).toMatchObject({ code: 4, error: { code: 'ROOT', path: '/not/there' } });
    expect(missing.error.message).toContain(container.name);
    expect(missing.error.next).toContain('mkdir -p /not/there');
    const file = await refused([temporaryDirectory(), `${container.name}:/etc/passwd`]);
    expect(file).toMatchObject({ code: 4, error: { code: 'ROOT', path: '/etc/passwd' } });
  });

  test('a directory that the container’s user may not enter', async () => {
    const user = await startContainer({ user: 'dev' });
    const { code, error } = await refused([temporaryDirectory(), `${user.name}:/root`]);
    expect(code).toBe(10);
    expect(error).toMatchObject({ code: 'PERMISSION', path: '/root' });
    expect(error.next).toContain('chown');
  });

  test('the state directory in the root, and the root in the state directory', async () => {
    const cai = newCai();
    const inside = join(cai.stateDirectory, 'project');
    mkdirSync(inside);
    for (const local of [inside, cai.stateDirectory]) {
      const { code, error } = await refused([local, `${container.name}:/w`], cai);
      expect(code).toBe(4);
      expect(error).toMatchObject({ code: 'OVERLAP', path: local });
    }
  });

  test('roots inside one another', async () => {
    const dir = temporaryDirectory();
    mkdirSync(join(dir, 'sub'));
    const one = await refused([dir, join(dir, 'sub')]);
    expect(one).toMatchObject({ code: 4, error: { code: 'OVERLAP' } });
    const cai = newCai();
    const other = temporaryDirectory();
    endSessionsOf(cai);
    await cai.json(['watch', dir, other, '-d']);
    const two = await refused([join(dir, 'sub'), temporaryDirectory()], cai);
    expect(two).toMatchObject({ code: 4, error: { code: 'OVERLAP', path: join(dir, 'sub') } });
  });

  test('addresses and options that make no sense', async () => {
    const dir = temporaryDirectory();
    for (const args of [
      [dir],
      [dir, `${container.name}:relative`],
      [dir, `${container.name}:/`],
      [dir, 'http://x/y'],
      [dir, `${container.name}:/w`, '--mode', 'sideways'],
    ]) {
      const { code, error } = await refused(args);
      expect([code, error.code], args.join(' ')).toEqual([2, 'USAGE']);
    }
  });

  test('no docker to be found', async () => {
    const { code, error } = await refused([
      temporaryDirectory(),
      `${container.name}:/w`,
      '--docker',
      'no-such-docker',
    ]);
    expect(code).toBe(5);
    expect(error.code).toBe('NO_ENGINE');
    expect(error.message).toContain('no-such-docker');
  });

  test('a session that runs is not started again with other options', async () => {
    const root = await newRoot(container);
    const session = await watch(container, { root });
    const again = [session.local, `${container.name}:${root}`, '--mode', 'to-local'];
    const { code, error } = await refused(again, session.cai);
    expect(code).toBe(7);
    expect(error).toMatchObject({ code: 'BUSY' });
    expect(error.next).toContain(`cai unwatch ${session.name}`);
  });

  test('commands without a session say so', async () => {
    const cai = newCai();
    for (const args of [['status'], ['flush'], ['pause'], ['unwatch'], ['history'], ['logs']]) {
      const output = await cai.run(args);
      expect([output.code, args[0]]).toEqual([3, args[0]]);
      expect(output.stderr).toContain('NO_SESSION');
    }
    expect(await cai.json(['list'])).toEqual([]);
  });
});
