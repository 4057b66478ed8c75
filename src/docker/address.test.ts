import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CaiError } from '../errors.ts';
import { type Address, formatAddress, parseAddress } from './address.ts';

const container = (name: string, path: string, engine = 'docker') => ({
  kind: 'container',
  engine,
  container: name,
  path,
});

describe('parseAddress', () => {
  it.each<[string, unknown]>([
    ['.', { kind: 'local', path: '.' }],
    ['/srv/app', { kind: 'local', path: '/srv/app' }],
    ['./odd:name', { kind: 'local', path: './odd:name' }],
    ['dir/odd:/name', { kind: 'local', path: 'dir/odd:/name' }],
    ['C:\\work', { kind: 'local', path: 'C:\\work' }],
    ['c:/work', { kind: 'local', path: 'c:/work' }],
    ['web:/app', container('web', '/app')],
    ['my_app.web-1:/srv//app/', container('my_app.web-1', '/srv/app')],
    ['web:/a%20b', container('web', '/a%20b')],
    ['web:/a:b', container('web', '/a:b')],
    ['docker://web/app', container('web', '/app')],
    ['docker://c/app', container('c', '/app')],
    ['Docker://web/a%20b%25', container('web', '/a b%')],
    ['podman://web/app/../srv', container('web', '/srv', 'podman')],
  ])('%s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each([
    '',
    'web:',
    'web:app',
    'web:/',
    'web:/app/..',
    'docker://',
    'docker://web',
    'docker:///app',
    'docker://-x/app',
    'docker://web/%zz',
    'docker://web/a%00b',
    'a\0b',
    'ssh://host/app',
  ])('refuses %j and says what to write', (text) => {
    try {
      parseAddress(text);
    } catch (error) {
      expect(error).toBeInstanceOf(CaiError);
      expect((error as CaiError).code).toBe('USAGE');
      expect((error as CaiError).next).toBeTruthy();
      return;
    }
    expect.unreachable();
  });

  it('is the inverse of formatAddress', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
    const part = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((s) => !/[/\0]/.test(s) && s !== '.' && s !== '..');
    fc.assert(
      fc.property(
        name,
        fc.array(part, { minLength: 1 }),
        fc.constantFrom('docker' as const, 'podman' as const),
        (named, parts, engine) => {
          const address: Address = {
            kind: 'container',
            engine,
            container: named,
            path: `/${parts.join('/')}`,
          };
          expect(parseAddress(formatAddress(address))).toEqual(address);
        },
      ),
    );
  });
});
