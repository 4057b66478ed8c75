import { applyPatch } from 'diff';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unifiedDiff } from './diff-text.ts';

const diff = (from: string, to: string) =>
  unifiedDiff({ name: 'a/f', text: from }, { name: 'b/f', text: to });

test('lines with their context, and a missing end of line', () => {
  expect(diff('1\n2\n3\n4\n5\n6\n7\n8\n9\n', '1\n2\n3\n4\nfive\n6\n7\n8\n9')).toBe(
    `--- a/f
+++ b/f
@@ -2,8 +2,8 @@
 2
 3
 4
-5
+five
 6
 7
 8
-9
+9
\\ No newline at end of file
`,
  );
  expect(diff('same\n', 'same\n')).toBe('');
});

test('what has nothing in common is told whole, and quickly', () => {
  const many = (word: string) => Array.from({ length: 20_000 }, (_, n) => `${word}${n}`).join('\n');
  const start = performance.now();
  const patch = diff(many('a'), `${many('b')}\n`);
  expect(performance.now() - start).toBeLessThan(10_000);
  expect(patch.split('\n')[2]).toBe('@@ -1,20000 +1,20000 @@');
  expect(patch.split('\n')).toHaveLength(3 + 40_000 + 1 + 1);
  expect(applyPatch(many('a'), patch)).toBe(`${many('b')}\n`);
});

test('applied to the one text it gives the other', () => {
  const text = fc
    .tuple(fc.array(fc.constantFrom('a\n', 'b\n', 'c\r\n', '\n')), fc.constantFrom('', 'end'))
    .map(([lines, end]) => lines.join('') + end);
  fc.assert(
    fc.property(text, text, (from, to) => {
      expect(applyPatch(from, diff(from, to), { autoConvertLineEndings: false })).toBe(to);
    }),
  );
});
