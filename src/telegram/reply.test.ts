import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visibleText } from '../../test/support/telegram-html.ts';
import type { Reply, Style } from './reply.ts';
import { cut, intoMessage, maxMessageChars, piece, plain } from './reply.ts';

const styles: readonly Style[] = ['plain', 'bold', 'code', 'pre', 'diff'];
const replies: fc.Arbitrary<Reply> = fc.array(
  fc.record({
    style: fc.constantFrom(...styles),
    text: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3000 }),
      fc.constantFrom('<b>', '</pre>', '&lt;', '&', '\n', '`*_[', '\u{1f4ca}'.repeat(700)),
    ),
  }),
  { maxLength: 6 },
);

test('whatever is said, Telegram takes it, and shows what was said', () => {
  fc.assert(
    fc.property(replies, (reply) => {
      const made = intoMessage(reply);
      const message = made.kind === 'message' ? made : made.caption;
      expect(visibleText(message.html)).toBe(message.plain);
      expect(message.plain.length).toBeLessThanOrEqual(
        made.kind === 'message' ? maxMessageChars : 1024,
      );
      expect(message.plain.trim()).not.toBe('');
    }),
    { numRuns: 300 },
  );
});

test('what stands in a file is no markup, and no trick', () => {
  expect(intoMessage([piece('bold', 'a<b>&'), piece('diff', '-x\n+</code>')])).toEqual({
    kind: 'message',
    html: '<b>a&lt;b&gt;&amp;</b><pre><code class="language-diff">-x\n+&lt;/code&gt;</code></pre>',
    plain: 'a<b>&-x\n+</code>',
  });
  expect(intoMessage(plain('a\u202eb\u0000c'))).toMatchObject({ plain: 'a\ufffdb\ufffdc' });
});

test('4,096 characters are a message, one more is a document with all of it', () => {
  expect(intoMessage(plain('x'.repeat(4096))).kind).toBe('message');
  const long = `first line\n${'y'.repeat(5000)}`;
  expect(intoMessage(plain(long))).toMatchObject({
    kind: 'document',
    name: 'answer.txt',
    content: long,
    caption: { plain: expect.stringMatching(/^first line[\s\S]*in the document$/) },
  });
  expect(intoMessage([piece('diff', long)])).toMatchObject({ name: 'answer.diff' });
});

test('a cut never halves a character', () => {
  expect(cut('ab\u{1f4ca}c', 4)).toBe('ab…');
  expect(cut('abc', 3)).toBe('abc');
});
