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
    ['ssh://box/srv', { kind: 'ssh', host: 'box', path: '/srv' }],
    [
      'ssh://me%40corp@h.example:2022/a%20b/',
      { kind: 'ssh', user: 'me@corp', host: 'h.example', port: 2022, path: '/a b' },
    ],
    ['ssh://[fe80::1%25eth0]:22/x', { kind: 'ssh', host: 'fe80::1%eth0', port: 22, path: '/x' }],
    ['kube://dev/web-0:/app', { kind: 'pod', namespace: 'dev', pod: 'web-0', path: '/app' }],
    [
      'kube://dev/web-0/side:/app',
      { kind: 'pod', namespace: 'dev', pod: 'web-0', container: 'side', path: '/app' },
    ],
    [
      'kube://arn%3Aaws%2Fx/dev/web-0/:/a%3Ab',
      { kind: 'pod', context: 'arn:aws/x', namespace: 'dev', pod: 'web-0', path: '/a:b' },
    ],
    [
      'kube://ctx/dev/web-0/side:/app',
      {
        kind: 'pod',
        context: 'ctx',
        namespace: 'dev',
        pod: 'web-0',
        container: 'side',
        path: '/app',
      },
    ],
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
    'http://host/app',
    'ssh://',
    'ssh://box',
    'ssh://box/',
    'ssh:///srv',
    'ssh://-oProxyCommand=x/srv',
    'ssh://-l@box/srv',
    'ssh://me:secret@box/srv',
    'ssh://box:0/srv',
    'ssh://box:99999/srv',
    'ssh://fe80::1/srv',
    'ssh://a b/srv',
    'kube://dev:/app',
    'kube://dev/web',
    'kube://dev/web:app',
    'kube://a/b/c/d/e:/app',
    'kube://dev/-x:/app',
    'kube:///dev/web/:/app',
    'kube://-c/dev/web/:/app',
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

  const part = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((s) => !/[/\0]/.test(s) && s !== '.' && s !== '..');
  const path = fc.array(part, { minLength: 1 }).map((parts) => `/${parts.join('/')}`);
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/);
  const podName = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/);
  const maybe = <T>(value: fc.Arbitrary<T>, key: string) =>
    fc.option(value).map((found) => (found === null ? {} : { [key]: found }));
  const addresses = fc.oneof(
    fc.record({
      kind: fc.constant('container' as const),
      engine: fc.constantFrom('docker' as const, 'podman' as const),
      container: name,
      path,
    }),
    fc
      .tuple(name, path, maybe(name, 'user'), maybe(fc.integer({ min: 1, max: 65_535 }), 'port'))
      .map(([host, at, user, port]) => ({
        kind: 'ssh' as const,
        host,
        path: at,
        ...user,
        ...port,
      })),
    fc
      .tuple(
        podName,
        podName,
        path,
        maybe(
          part.filter((s) => !s.startsWith('-')),
          'context',
        ),
        maybe(podName, 'container'),
      )
      .map(([namespace, pod, at, context, container]) => ({
        kind: 'pod' as const,
        namespace,
        pod,
        path: at,
        ...context,
        ...container,
      })),
  );

  it('is the inverse of formatAddress', () => {
    fc.assert(
      fc.property(addresses, (address: Address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });
});
