import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootMessage } from './boot.ts';
import { quote, sshCommand } from './ssh-command.ts';

const address = { kind: 'ssh', host: 'box', path: '/srv' } as const;

describe('the ssh command', () => {
  it('names user and port as options, and the host where no option is read any more', () => {
    const command = sshCommand({ address: { ...address, user: 'me', port: 2022 } });
    const end = command.slice(command.indexOf('-l'), -1);
    expect(end).toEqual(['-l', 'me', '-p', '2022', '--', 'box']);
    expect(sshCommand({ address, ssh: ['ssh', '-F', 'x'] }).slice(0, 3)).toEqual([
      'ssh',
      '-F',
      'x',
    ]);
  });

  it('gives the login shell a line that runs the boot script, whatever node is called', () => {
    const line = sshCommand({ address, node: process.execPath }).at(-1) as string;
    const input = bootMessage("require('node:fs').writeSync(1, 'ran')");
    const { stdout } = spawnSync('/bin/sh', ['-c', line], { input, encoding: 'utf8' });
    expect(stdout).toBe('ran');
  });

  it('quotes so that a shell reads the same words', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        const line = `printf '%s\\0' ${words.map(quote).join(' ')}`;
        const { stdout } = spawnSync('/bin/sh', ['-c', line], { encoding: 'utf8' });
        expect(stdout).toBe(words.length === 0 ? '\0' : words.map((each) => `${each}\0`).join(''));
      }),
      { numRuns: 50 },
    );
  });
});
