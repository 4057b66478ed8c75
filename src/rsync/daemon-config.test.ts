import { expect, test } from 'vitest';
import { daemonConfig, excludeLines } from './daemon-config.ts';

const module = {
  name: 'local',
  path: '/home/me/my project',
  comment: 'c',
  readOnly: true,
  user: 'mcp',
  secrets: '/s',
  allow: ['127.0.0.0/8'],
};
const files = { lock: '/l', log: '/g' };

test('a module as rsync reads it', () => {
  const lines = daemonConfig(module, files).split('\n');
  expect(lines).toContain('  path = /home/me/my project');
  expect(lines).toContain('  read only = yes');
  expect(lines).toContain('  use chroot = no');
  expect(lines).toContain('hosts allow = 127.0.0.0/8');
  const shut = daemonConfig({ ...module, owner: { uid: 7, gid: 8 } }, files).split('\n');
  expect(shut).toEqual(expect.arrayContaining(['  use chroot = yes', '  uid = 7', '  gid = 8']));
});

test.each(['/a\nread only = no', '/a ', '/%HOME%', '/a\\', '/a\r'])(
  'a path that it would read otherwise is refused: %j',
  (path) => {
    const read = () => daemonConfig({ ...module, path }, files);
    expect(read).toThrow(expect.objectContaining({ code: 'USAGE', path }));
  },
);

test('the last matching pattern decides in one syntax, the first in the other', () => {
  expect(excludeLines(['.env.*', '!.env.dist', '**/.aws/x'])).toBe(
    '- .[aA][wW][sS]/[xX]\n+ .[eE][nN][vV].[dD][iI][sS][tT]\n- .[eE][nN][vV].*\n',
  );
});
