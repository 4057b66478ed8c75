import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeRecord } from './fake-session.ts';
import { choose, findSession } from './find.ts';
import { prepareSession } from './prepare.ts';
import { liveRecords, readRegistry, writeRecord } from './sessions.ts';
import { sessionDirectory, stateDirectory } from './state-dir.ts';
import { useState } from './test-state.ts';
import { unwatchSession } from './unwatch.ts';

function error(code: string, next?: RegExp) {
  return expect.objectContaining({ code, ...(next ? { next: expect.stringMatching(next) } : {}) });
}

describe('preparing', () => {
  test('the same pair is the same session, however it is written', async () => {
    const top = useState('proj/sub');
    symlinkSync(join(top, 'proj'), join(top, 'link'));
    const first = await prepareSession({
      local: 'proj',
      remote: 'web:/app/',
      options: {},
      cwd: top,
    });
    const second = await prepareSession({
      local: '..',
      remote: 'docker://web/app',
      options: {},
      cwd: join(top, 'link/sub'),
    });
    expect(second.record).toEqual(first.record);
    expect(first.record).toMatchObject({
      name: 'proj',
      local: join(top, 'proj'),
      container: 'web:/app/',
    });
    expect(liveRecords()).toEqual([first.record]);
  });

  test('another container, another docker command or another directory is another session', async () => {
    const top = useState('proj', 'other/proj');
    const options = [{}, { docker: ['docker', '--context', 'x'] }];
    const ids = new Set<string>();
    for (const local of ['proj', 'other/proj']) {
      for (const remote of ['web:/x', 'api:/x', 'web:/y']) {
        for (const chosen of options)
          ids.add((await prepareSession({ local, remote, options: chosen, cwd: top })).record.id);
      }
    }
    expect(ids.size).toBe(12);
    expect(new Set(liveRecords().map((record) => record.name)).size).toBe(12);
    expect(
      liveRecords()
        .map((record) => record.name)
        .slice(0, 2),
    ).toEqual(['proj', 'proj-2']);
  });

  test('options stay recorded, and single ones can be changed', async () => {
    const top = useState('proj');
    const request = { local: 'proj', remote: 'web:/app', cwd: top };
    await prepareSession({ ...request, options: { git: true, ignore: ['x'] } });
    const { record } = await prepareSession({ ...request, options: { ignore: ['y'] } });
    expect(record.options).toMatchObject({ git: true, ignore: ['y'], mode: 'two-way' });
  });

  test('after unwatch the defaults hold again, under the same id', async () => {
    const top = useState('proj');
    const request = { local: 'proj', remote: 'web:/app', cwd: top };
    const { record } = await prepareSession({ ...request, name: 'mine', options: { git: true } });
    await unwatchSession(record);
    expect(liveRecords()).toEqual([]);
    const again = (await prepareSession({ ...request, options: {} })).record;
    expect(again).toMatchObject({
      id: record.id,
      name: 'proj',
      created: record.created,
      options: { git: false },
    });
    expect(again.ended).toBeUndefined();
  });

  test('a taken or impossible name is refused', async () => {
    const top = useState('a', 'b');
    await prepareSession({ local: 'a', remote: 'web:/app', name: 'mine', options: {}, cwd: top });
    const request = { local: 'b', remote: 'web:/app', options: {}, cwd: top };
    await expect(prepareSession({ ...request, name: 'mine' })).rejects.toEqual(
      error('USAGE', /another --name/),
    );
    for (const name of ['../x', '', '-x', 'a#b', 'a b']) {
      await expect(prepareSession({ ...request, name })).rejects.toEqual(error('USAGE'));
    }
  });

  test('a root that is missing or no directory', async () => {
    const top = useState();
    writeFileSync(join(top, 'file'), '');
    const request = { remote: 'web:/app', options: {}, cwd: top };
    await expect(prepareSession({ ...request, local: 'none' })).rejects.toEqual(
      error('ROOT', /mkdir -p/),
    );
    await expect(prepareSession({ ...request, local: 'file' })).rejects.toEqual(error('ROOT'));
  });

  test('record and directory are for their owner only', async () => {
    const top = useState('proj');
    const { record } = await prepareSession({
      local: 'proj',
      remote: 'web:/app',
      options: {},
      cwd: top,
    });
    expect(statSync(sessionDirectory(record.id)).mode & 0o777).toBe(0o700);
    expect(statSync(join(sessionDirectory(record.id), 'session.json')).mode & 0o777).toBe(0o600);
    expect(
      JSON.parse(readFileSync(join(sessionDirectory(record.id), 'session.json'), 'utf8')),
    ).toEqual(record);
  });
});

describe('finding', () => {
  const records = [
    fakeRecord({ id: 'aaaa00000000', name: 'web', local: '/p' }),
    fakeRecord({ id: 'aabb00000000', name: 'web-api', local: '/p/api' }),
    fakeRecord({ id: 'cccc00000000', name: 'job', local: '/q' }),
  ];
  const name = (options: Parameters<typeof choose>[1]) => choose(records, options).name;

  test('by name, id and unique prefix; the whole name wins over a prefix', () => {
    expect(name({ name: 'web' })).toBe('web');
    expect(name({ name: 'aabb00000000' })).toBe('web-api');
    expect(name({ name: 'j' })).toBe('job');
    expect(name({ name: 'cc' })).toBe('job');
    expect(() => name({ name: 'we' })).toThrow(error('USAGE', /web, web-api/));
    expect(() => name({ name: 'nope' })).toThrow(error('NO_SESSION', /web, web-api, job/));
  });

  test('by the current directory, the innermost root', () => {
    expect(name({ cwd: '/p/src' })).toBe('web');
    expect(name({ cwd: '/p/api/x' })).toBe('web-api');
    expect(() => name({ cwd: '/pq' })).toThrow(error('USAGE', /web, web-api, job/));
    const twice = [...records, fakeRecord({ id: 'dddd00000000', name: 'second', local: '/q' })];
    expect(() => choose(twice, { cwd: '/q' })).toThrow(error('USAGE', /job, second/));
  });

  test('the only one, from anywhere; none', () => {
    expect(choose(records.slice(0, 1), { cwd: '/' }).name).toBe('web');
    expect(() => choose([], { cwd: '/' })).toThrow(error('NO_SESSION', /cai watch/));
  });

  test('ended ones are found only when they are asked for, after the watched ones', () => {
    useState();
    writeRecord(fakeRecord({ id: 'aaaa00000000', name: 'gone', ended: 5 }));
    expect(() => findSession({ name: 'gone' })).toThrow(error('NO_SESSION'));
    expect(findSession({ name: 'gone', ended: true }).id).toBe('aaaa00000000');
    writeRecord(fakeRecord({ id: 'bbbb00000000', name: 'gone' }));
    expect(findSession({ name: 'gone', ended: true }).id).toBe('bbbb00000000');
  });
});

test('a damaged record hides no other', () => {
  useState();
  writeRecord(fakeRecord());
  mkdirSync(sessionDirectory('ffffffffffff'));
  writeFileSync(join(sessionDirectory('ffffffffffff'), 'session.json'), '{"id": 1');
  const { records, damaged } = readRegistry();
  expect(records).toEqual([fakeRecord()]);
  expect(damaged).toMatchObject([{ id: 'ffffffffffff' }]);
});

test('the state directory comes from the environment', () => {
  expect(stateDirectory({ CAI_STATE_DIR: '/x/y' })).toBe('/x/y');
  expect(stateDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/cai');
  expect(stateDirectory({ XDG_STATE_HOME: 'relative' })).toMatch(/\.local\/state\/cai$/);
  expect(stateDirectory({})).toMatch(/\.local\/state\/cai$/);
});
