import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baseName,
  byteLength,
  displayPath,
  fromBytes,
  hasRawBytes,
  isWithin,
  joinPath,
  parentPath,
  pathFault,
  textFault,
  toBinary,
  toBytes,
} from './path.ts';

// Bytes that meet at the edges of UTF-8: parts of sequences, surrogates, overlong forms, a BOM.
const edges = [
  0x00, 0x41, 0x2f, 0x7f, 0x80, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xc2, 0xc3, 0xe0, 0xed, 0xef, 0xf0,
  0xf4, 0xf5, 0xff,
];
const bytes = fc
  .array(fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: 255 })), { maxLength: 12 })
  .map((list) => Uint8Array.from(list));
// Any sequence of code units, also those that are no text.
const units = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x61, 0xd83d, 0xde00, 0xd800, 0xdc00, 0xdc80, 0xdcc3, 0xdca9, 0xdcff),
      fc.nat(0xffff),
    ),
    { maxLength: 8 },
  )
  .map((list) => String.fromCharCode(...list));

describe('names and bytes', () => {
  test('any bytes survive the way through a string and JSON', () => {
    fc.assert(
      fc.property(bytes, (bytes) => {
        const text = JSON.parse(JSON.stringify(fromBytes(bytes))) as string;
        expect([...toBytes(text)]).toEqual([...bytes]);
        expect(byteLength(text)).toBe(bytes.length);
        expect([...Buffer.from(toBinary(text), 'latin1')]).toEqual([...bytes]);
      }),
      { numRuns: 3000 },
    );
  });

  test('whatever passes as a name is the only string for its bytes', () => {
    fc.assert(
      fc.property(units, (text) => {
        const same = fromBytes(toBytes(text)) === text;
        expect(textFault(text) === undefined).toBe(same && !text.includes('\0'));
      }),
      { numRuns: 3000 },
    );
  });

  test('raw bytes are lone surrogates, and pairs are none', () => {
    const byPoint = (text: string) =>
      Array.from(text).some((char) => /^[\ud800-\udfff]$/.test(char));
    fc.assert(
      fc.property(units, (text) => {
        expect(hasRawBytes(text)).toBe(byPoint(text));
      }),
      { numRuns: 3000 },
    );
    expect(hasRawBytes('😀')).toBe(false);
    expect(hasRawBytes('😀\udc80')).toBe(true);
    expect(fromBytes(Uint8Array.of(0xff, 0xc3, 0xa9))).toBe('\udcffé');
  });
});

describe('pathFault', () => {
  test.each(['a', 'a/b', '.a', '...', 'a b', '\\', '\udcff'])('passes %j', (path) =>
    expect(pathFault(path)).toBeUndefined(),
  );

  test.each([
    [undefined, 'string'],
    ['', 'empty'],
    ['/a', 'absolute'],
    ['a/', 'empty name'],
    ['a//b', 'empty name'],
    ['.', 'name .'],
    ['a/..', 'name ..'],
    ['a\0', 'NUL'],
    ['a\ud800', 'surrogates'],
    ['\udc7f', 'surrogates'],
    // Two raw bytes that are é: the same name twice.
    ['\udcc3\udca9', 'surrogates'],
  ])('refuses %j', (path, fault) => expect(pathFault(path)).toContain(fault));

  test('bounds names and paths in bytes', () => {
    const fit = ['é'.repeat(127), '\udcff'.repeat(255), '😀'.repeat(63), `${'a/'.repeat(2047)}ab`];
    expect(fit.map(pathFault)).toEqual(fit.map(() => undefined));
    const names = ['a'.repeat(256), `a/${'é'.repeat(128)}`, '\udcff'.repeat(256), '😀'.repeat(64)];
    for (const path of names) expect(pathFault(path)).toBe('holds a name that is too long');
    const paths = [`${'a/'.repeat(2047)}abc`, `${'é/'.repeat(1400)}é`, 'a'.repeat(1e7)];
    for (const path of paths) expect(pathFault(path)).toBe('too long');
  });

  test('passes exactly the names that a disk can give', () => {
    const names = fc.array(
      bytes.filter((name) => !name.includes(0) && !name.includes(0x2f)),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(names, (names) => {
        const path = names.map(fromBytes).join('/');
        const wrong = names.some((name) => ['', '.', '..'].includes(fromBytes(name)));
        expect(pathFault(path) === undefined).toBe(!wrong);
      }),
    );
  });
});

test('paths come apart and together', () => {
  expect([joinPath('', 'a'), joinPath('a/b', 'c')]).toEqual(['a', 'a/b/c']);
  expect([parentPath('a'), parentPath('a/b/c')]).toEqual(['', 'a/b']);
  expect([baseName('a'), baseName('a/b')]).toEqual(['a', 'b']);
  expect([isWithin('', 'a'), isWithin('a', 'a'), isWithin('a', 'a/b')]).toEqual([true, true, true]);
  expect(isWithin('a', 'ab')).toBe(false);
});

test('a path is shown without anything that could deceive', () => {
  expect(displayPath('a\u001b[2J\udcff\u009b\u202e😀é')).toBe('a\\x1b[2J\\xff\\u{9b}\\u{202e}😀é');
});
