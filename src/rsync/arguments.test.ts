import { expect, test } from 'vitest';
import { clientArguments, farBasis, serverArguments } from './arguments.ts';

const flags = '-IRe.LsfxCIvu';
const root = '/work/it "is" $HOME; rm -rf x';

test('a client sends from here to there, or the other way', () => {
  expect(clientArguments({ direction: 'send', shell: 'sh' }).slice(-2)).toEqual(['./', 'far:/']);
  const args = clientArguments({ direction: 'receive', shell: 'sh', basis: '/here' });
  expect(args.slice(-2)).toEqual(['far:/', './']);
  expect(args).toContain('--copy-dest=/here');
  expect(args).toContain('--no-whole-file');
});

test('the server gets what its client made, with its own places', () => {
  const made = ['--server', flags, '--timeout=120', '--copy-dest', farBasis, '--inplace', '.', '/'];
  expect(serverArguments(made, root)).toEqual([
    '--server',
    flags,
    '--timeout=120',
    '--copy-dest',
    root,
    '--inplace',
    '.',
    './',
  ]);
});

test('whatever else is asked of the server is refused', () => {
  const refused = [
    [],
    ['--version'],
    ['--server', flags],
    ['--server', flags, '/etc', '/'],
    ['--server', flags, '--copy-dest', '/etc', '.', '/'],
    ['--server', flags, '--rsync-path=/tmp/x', '.', '/'],
    ['--server', flags, '--daemon', '.', '/'],
    ['--server', flags, '--files-from=/etc/shadow', '.', '/'],
    ['--server', flags, '--delete', '.', '/'],
    ['--server', flags, '--remove-source-files', '.', '/'],
    ['--server', '-lDogIRe.LsfxCIvu', '.', '/'],
    ['--server', 7, '.', '/'],
  ];
  for (const made of refused) expect(() => serverArguments(made, '/')).toThrow(/is refused/);
});
