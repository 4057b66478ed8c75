/** Who gets in, which button works, what is kept secret. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createButtons } from './buttons.ts';
import { createGuests, newPairingCode } from './guests.ts';
import { scrub } from './secret.ts';

function door(code?: string) {
  const clock = { now: 1_000_000 };
  const strangers = new Set<number>();
  const guests = createGuests({
    now: () => clock.now,
    isMember: (id) => id === 1,
    isKnownStranger: (id) => strangers.has(id),
    pairing: code === undefined ? undefined : { code, until: clock.now + 600_000 },
    rate: { burst: 3, everyMs: 1000 },
  });
  return { clock, strangers, guests };
}

test('a stranger is refused once, then ignored', () => {
  const { strangers, guests } = door();
  expect(guests.admit(2)).toEqual({ kind: 'refused' });
  strangers.add(2);
  expect(guests.admit(2)).toEqual({ kind: 'ignored' });
  expect(guests.admit(1)).toEqual({ kind: 'member' });
});

test('a code pairs one person, once, in time', () => {
  const { clock, guests } = door('K7Q2M-9XDFA');
  expect(guests.admit(2, 'k7q2m 9xdfb').kind).toBe('refused');
  expect(guests.admit(2, 'k7q2m 9xdfa').kind).toBe('paired');
  expect(guests.admit(3, 'K7Q2M-9XDFA').kind).toBe('refused');
  const late = door('K7Q2M-9XDFA');
  late.clock.now += 600_001;
  expect(late.guests.admit(2, 'K7Q2M-9XDFA').kind).toBe('refused');
  expect(clock.now).toBe(1_000_000);
});

test('twenty wrong codes end a code; an empty one is none', () => {
  const { guests } = door('K7Q2M-9XDFA');
  for (let user = 10; user < 30; user += 1) guests.admit(user, 'WRONG-WRONG');
  expect(guests.admit(2, 'K7Q2M-9XDFA').kind).toBe('refused');
  expect(door('').guests.admit(2, '').kind).toBe('refused');
});

test('a member who asks too much is told so once, and may go on later', () => {
  const { clock, guests } = door();
  for (let count = 0; count < 3; count += 1) expect(guests.admit(1).kind).toBe('member');
  expect(guests.admit(1)).toEqual({ kind: 'slower', tell: true });
  expect(guests.admit(1)).toEqual({ kind: 'slower', tell: false });
  clock.now += 1000;
  expect(guests.admit(1).kind).toBe('member');
});

test('codes are of ten letters that cannot be mistaken', () => {
  const codes = new Set(Array.from({ length: 100 }, () => newPairingCode(randomBytes)));
  expect(codes.size).toBe(100);
  for (const code of codes) expect(code).toMatch(/^[2-9A-HJKMNP-Z]{5}-[2-9A-HJKMNP-Z]{5}$/);
});

test('a button works once, for the one who asked, for its time', () => {
  const clock = { now: 0 };
  let last = 0;
  const buttons = createButtons<string>({
    now: () => clock.now,
    newName() {
      last += 1;
      return `name ${last}`;
    },
    isHarmless: (action) => action === 'look',
  });
  const offer = () => buttons.offer(['yes', 'no', 'look'], { user: 1, until: clock.now + 60_000 });
  const [yes = '', no = '', look = ''] = offer();
  expect(buttons.press(yes, 2)).toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/somebody else/),
  });
  expect(buttons.press(look, 1)).toEqual({ kind: 'act', action: 'look' });
  expect(buttons.press(yes, 1)).toEqual({ kind: 'act', action: 'yes' });
  for (const name of [yes, no, look, 'made up'])
    expect(buttons.press(name, 1)).toMatchObject({ kind: 'refused' });
  const [late = ''] = offer();
  clock.now += 60_001;
  expect(buttons.press(late, 1)).toMatchObject({
    kind: 'refused',
    why: expect.stringMatching(/too old/),
  });
});

test('no text keeps a secret, nor the secret half of a token', () => {
  const token = `12345:${'x'.repeat(35)}`;
  const text = scrub(`https://h/bot${token}/f ${encodeURIComponent(token)} ${'x'.repeat(35)}`, [
    token,
  ]);
  expect(text).not.toContain('xxxx');
  expect(text).toContain('https://h/bot[secret]/f');
});
