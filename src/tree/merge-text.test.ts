import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeText } from './merge-text.ts';

const bytes = (text: string) => Buffer.from(text);

function merge(base: string, local: string, container: string): string | undefined {
  const merged = mergeText(bytes(base), bytes(local), bytes(container));
  return merged === undefined ? undefined : Buffer.from(merged).toString();
}

describe('mergeText', () => {
  test('takes edits of different places from both sides', () => {
    expect(merge('a\nb\nc\nd\n', 'A\nb\nc\nd\n', 'a\nb\nc\nD\n')).toBe('A\nb\nc\nD\n');
    expect(merge('a\nb\nc\n', 'new\na\nb\nc\n', 'a\nb\n')).toBe('new\na\nb\n');
  });

  test('takes what both did alike once', () => {
    expect(merge('a\nb\nc\nd\n', 'A\nb\nc\nX\n', 'A\nb\nc\nd\n')).toBe('A\nb\nc\nX\n');
    expect(merge('', 'same\n', 'same\n')).toBe('same\n');
    expect(merge('a\nb\n', 'a\nnew\nb\n', 'a\nnew\nB\n')).toBeUndefined();
    expect(merge('a\nb\nc\nd\n', 'a\nnew\nb\nc\nd\n', 'a\nnew\nb\nc\nD\n')).toBe(
      'a\nnew\nb\nc\nD\n',
    );
  });

  test('is not clean where the sides touch', () => {
    expect(merge('a\nb\nc\n', 'a\nX\nc\n', 'a\nY\nc\n')).toBeUndefined();
    expect(merge('a\nb\nc\n', 'A\nb\nc\n', 'a\nB\nc\n')).toBeUndefined();
    expect(merge('a\nb\n', 'a\nb\nX\n', 'a\nb\nY\n')).toBeUndefined();
    expect(merge('', 'X\n', 'Y\n')).toBeUndefined();
    expect(merge('a\nb\nc\n', 'a\nc\n', 'a\nB\nc\n')).toBeUndefined();
  });

  test('keeps line ends, and a last line without one', () => {
    expect(merge('a\r\nb\nc\r\nd', 'A\r\nb\nc\r\nd', 'a\r\nb\nc\r\nD')).toBe('A\r\nb\nc\r\nD');
    expect(merge('a\nb\nc', 'A\nb\nc', 'a\nb\nc\n')).toBe('A\nb\nc\n');
    expect(merge('\ufeffa\nb\nc', '\ufeffa\nb\nC', '\ufeffA\nb\nc')).toBe('\ufeffA\nb\nC');
  });

  test('leaves alone what is no text, or too large', () => {
    const text = bytes('a\n');
    expect(mergeText(text, text, bytes('a\0\n'))).toBeUndefined();
    expect(mergeText(text, Buffer.from([0xff, 0x0a]), text)).toBeUndefined();
    expect(mergeText(text, text, bytes('a'.repeat(1024 * 1024 + 1)))).toBeUndefined();
    expect(merge('a\n', 'a\n', 'a'.repeat(1024 * 1024))).toHaveLength(1024 * 1024);
  });

  test('gives up on sides that have next to nothing in common', () => {
    const lines = (name: string) =>
      Array.from({ length: 20_000 }, (_, i) => `${name} ${i}\n`).join('');
    expect(merge(lines('a'), lines('b'), `${lines('a')}end\n`)).toBeUndefined();
  });

  test('takes a million lines that are all alike', () => {
    const lines = '\n'.repeat(1024 * 1024 - 10);
    expect(merge(lines, `x\n${lines}`, `${lines}y\n`) === `x\n${lines}y\n`).toBe(true);
  });

  const line = fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n', 'é\n');
  const text = fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('', 'end'))
    .map(([lines, end]) => lines.join('') + end);

  test('gives the one side that changed, or what both became', () => {
    fc.assert(
      fc.property(text, text, (base, other) => {
        expect(merge(base, base, other)).toBe(other);
        expect(merge(base, other, base)).toBe(other);
        expect(merge(base, other, other)).toBe(other);
      }),
    );
  });

  test('does not depend on which side is which', () => {
    fc.assert(
      fc.property(text, text, text, (base, local, container) => {
        expect(merge(base, local, container)).toBe(merge(base, container, local));
      }),
    );
  });

  test('holds both edits when they are far from each other', () => {
    const edit = fc
      .array(fc.constantFrom('x\n', 'y\n', 'z\n'), { maxLength: 3 })
      .map((lines) => lines.join(''));
    const middle = Array.from({ length: 10 }, (_, i) => `line ${i}\n`).join('');
    fc.assert(
      fc.property(text, text, edit, edit, (head, foot, first, last) => {
        const start = head.endsWith('end') ? `${head}\n` : head;
        const base = start + middle + foot;
        const merged = merge(base, first + middle + foot, start + middle + last);
        expect(merged).toBe(first + middle + last);
      }),
    );
  });
});
