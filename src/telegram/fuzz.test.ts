/** Whatever comes in as an update, the bot goes on, and does nothing for who is not on the list. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../../test/support/random.ts';
import { readIncoming } from './incoming.ts';
import { readOrder } from './orders.ts';
import { useBot, useBotState } from './testing.ts';
import { splitWords } from './words.ts';

const anything = fc.anything({ maxDepth: 3 });
const id = fc.oneof(fc.constantFrom(7, 66, -7, 0, 2 ** 53), fc.integer(), anything);
const person = fc.record(
  { id, is_bot: fc.oneof(fc.boolean(), anything), first_name: anything, username: anything },
  { requiredKeys: [] },
);
const chat = fc.record({ id, type: fc.oneof(fc.constantFrom('private', 'group'), anything) });
const commands = fc.constantFrom(
  '/exec ',
  '/start',
  '/undo ',
  '/exec grep {',
  '/exec edit_file --content "',
  '',
  '/',
);
const text = fc.oneof(
  fc.tuple(commands, fc.string({ unit: 'binary' })).map((parts) => parts.join('')),
  anything,
);
const message = fc.record(
  { message_id: id, from: person, chat, date: id, text, forward_origin: anything },
  { requiredKeys: ['from', 'chat'] },
);
const press = fc.record({
  id: anything,
  from: person,
  message: fc.oneof(message, anything),
  data: text,
});
const updates = fc.oneof(
  fc.record({ message: fc.oneof(message, anything) }),
  fc.record({ callback_query: fc.oneof(press, anything) }),
  anything,
);

// fast-check takes 32 bits with a sign; a failure prints it, and CAI_TEST_SEED repeats all three.
const { seed } = random();

test('any update is read or passed over', () => {
  fc.assert(
    fc.property(updates, id, (fields, update) => {
      const given = typeof fields === 'object' ? { ...fields, update_id: update } : fields;
      const incoming = readIncoming(given);
      if (incoming === undefined) return;
      expect(Number.isSafeInteger(incoming.user.id)).toBe(true);
      if (incoming.kind === 'text') readOrder(incoming.text);
    }),
    { numRuns: 2000, seed: seed | 0 },
  );
});

test('any text is an order, and splits into words or is refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (given) => {
      expect(readOrder(given).kind).toBeTypeOf('string');
      try {
        splitWords(given);
      } catch (error) {
        expect(error).toMatchObject({ code: 'USAGE' });
      }
    }),
    { seed: seed | 0 },
  );
});

test(`a bot that got a hundred of them still answers, and did nothing (CAI_TEST_SEED=${seed})`, async () => {
  useBotState();
  const { telegram, root, said } = await useBot({ spec: { a: 'a' } });
  const phone = telegram.user(7);
  for (const fields of fc.sample(updates, { numRuns: 100, seed: seed | 0 })) {
    const plain = JSON.parse(toJson(fields)) as Record<string, unknown>;
    telegram.update(plain);
  }
  telegram.user(66).say('/exec delete_path --path a');
  await expect.poll(() => telegram.user(66).messages.length, { timeout: 20_000 }).toBe(1);
  // Its own share of messages may be used up by what was made up in its name.
  await expect
    .poll(
      () => {
        phone.say('/help');
        return phone.messages.some(({ text: shown }) => shown.startsWith('Your workspace'));
      },
      { timeout: 20_000, interval: 1000 },
    )
    .toBe(true);
  expect(said.join('\n')).not.toMatch(/not handled/);
  expect(readFileSync(`${root}/a`, 'utf8')).toBe('a');
}, 60_000);

/** What JSON can carry of it. */
function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, one: unknown) =>
      typeof one === 'bigint' ? Number(one) : one,
    );
    return text?.startsWith('{') === true ? text : '{}';
  } catch {
    return '{}';
  }
}
