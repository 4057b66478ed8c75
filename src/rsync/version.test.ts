import { expect, test } from 'vitest';
import { parseVersion, rsyncFault } from './version.ts';

const at = (version: string, protocol: number) => ({ ok: true, version, protocol }) as const;

test('reads what the versions in use say of themselves', () => {
  expect(
    parseVersion('rsync  version 3.4.1  protocol version 32\nCopyright (C) 1996-2025 by …\n'),
  ).toEqual(at('3.4.1', 32));
  expect(parseVersion('rsync  version v3.2.3  protocol version 31\n')).toEqual(at('3.2.3', 31));
  expect(parseVersion('rsync  version 2.6.9  protocol version 29\n')).toEqual(at('2.6.9', 29));
});

test('takes no other program for rsync', () => {
  for (const output of [
    '',
    'openrsync: protocol version 29, rsync version 2.6.9 compatible\n',
    'hello\n',
    `rsync  version ${'9'.repeat(5000)}  protocol version 32\n`,
  ])
    expect(parseVersion(output)).toMatchObject({ ok: false });
});

test('on the host the fixes count, whatever its version; in the container the options', () => {
  expect(rsyncFault(at('3.4.1', 32), at('3.1.0', 31))).toBeUndefined();
  expect(rsyncFault(at('3.2.7', 32), at('3.2.7', 31))).toBeUndefined();
  expect(rsyncFault(at('3.2.7', 31), at('3.4.1', 32))).toMatch(/host's rsync 3\.2\.7 lacks/);
  expect(rsyncFault(at('3.4.1', 32), at('3.0.9', 30))).toMatch(/container's rsync 3\.0\.9 is too/);
  expect(rsyncFault({ ok: false, why: 'rsync is not installed' }, at('3.4.1', 32))).toBe(
    'on the host, rsync is not installed',
  );
  expect(rsyncFault(at('3.4.1', 32), { ok: false, why: 'rsync is not installed' })).toBe(
    'in the container, rsync is not installed',
  );
});
