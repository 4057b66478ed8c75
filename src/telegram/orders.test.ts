import { expect, test } from 'vitest';
import { readOrder } from './orders.ts';
import { meaningOf } from './plain-words.ts';
import { splitWords } from './words.ts';

test.each<[string, object]>([
  ['/exec sync_from_local', { kind: 'exec', tool: 'sync_from_local', rest: '' }],
  ['/exec@my_bot grep --pattern "a b"', { kind: 'exec', tool: 'grep', rest: '--pattern "a b"' }],
  ['/exec edit_file\n{"a":\n1}', { kind: 'exec', tool: 'edit_file', rest: '{"a":\n1}' }],
  ['/exec', { kind: 'exec', tool: '', rest: '' }],
  ['/Status', { kind: 'tool', tool: 'sync_status', rest: '' }],
  ['/undo 10m', { kind: 'tool', tool: 'undo', rest: '10m' }],
  ['/start K7Q2M-9XDFA', { kind: 'start', code: 'K7Q2M-9XDFA' }],
  ['/stop', { kind: 'stop' }],
  ['/rm -rf', { kind: 'unknown', command: 'rm' }],
  ['Show me the current sync status', { kind: 'tool', tool: 'sync_status', rest: '' }],
  [
    'Edit src/index.ts and add a console.log',
    { kind: 'ask', text: 'Edit src/index.ts and add a console.log' },
  ],
])('%s', (text, order) => expect(readOrder(text)).toEqual(order));

test.each<[string, string | undefined]>([
  ['Show me the current sync status', 'status'],
  ['status?', 'status'],
  ["What's the status of the sync, please?", 'status'],
  ['is everything in sync?', 'status'],
  ['Are there any conflicts?', 'conflicts'],
  ['what changed recently', 'history'],
  ['Pause the sync!', 'pause'],
  ['please resume syncing', 'resume'],
  ['undo the last change', 'undo'],
  ['sync my local changes now', 'sync'],
  ['help', 'help'],
  ['edit status.ts', undefined],
  ['show me src/status', undefined],
  ['undo the change in a.txt', undefined],
  ['do not undo', undefined],
  ['delete everything', undefined],
  ['status of the release', undefined],
  ['', undefined],
])('"%s" means %s', (text, meaning) => expect(meaningOf(text)).toBe(meaning));

test.each<[string, string[]]>([
  ['--a b  --c=d', ['--a', 'b', '--c=d']],
  [`--text "it's \\"so\\"" ''`, ['--text', `it's "so"`, '']],
  ['—path “a b” –n 1', ['--path', 'a b', '--n', '1']],
  ["$(x) `y` ; '*'", ['$(x)', '`y`', ';', '*']],
  ['a\u{1f4ca}b', ['a\u{1f4ca}b']],
  ['', []],
])('%s has words', (text, words) => expect(splitWords(text)).toEqual(words));

test('a quote needs its partner', () => {
  expect(() => splitWords('--a "b')).toThrow(/no partner/);
});
