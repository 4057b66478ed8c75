/** How long the bot waits for a Telegram that is away, and what it may send again then. */
import fc from 'fast-check';
import { GrammyError, HttpError } from 'grammy';
import { expect, test } from 'vitest';
import type { Clock } from './bot-api.ts';
import { openBotApi } from './bot-api.ts';
import type { Fault } from './faults.ts';
import { faultOf, patient, waitMs } from './faults.ts';

const hour = 3600_000;

/** A clock that goes on only when somebody waits. */
function fakeClock() {
  const waits: number[] = [];
  let time = 0;
  const clock: Clock = {
    now: () => time,
    async wait(ms) {
      waits.push(ms);
      time += ms;
    },
  };
  return { clock, waits, time: () => time };
}

function api(clock: Clock, said: string[] = []) {
  return openBotApi({ token: `1:${'x'.repeat(35)}`, clock, say: (line) => said.push(line) });
}

function away(code = 'ECONNREFUSED'): HttpError {
  const cause = Object.assign(new Error(code), { code, syscall: 'connect' });
  return new HttpError('no', Object.assign(new Error('fetch failed'), { cause }));
}

const signal = new AbortController().signal;

test('away for thirty hours: asked again at least every minute, and told once', async () => {
  const { clock, waits, time } = fakeClock();
  const said: string[] = [];
  const work = async () => {
    if (time() < 30 * hour) throw away();
    return 'updates';
  };
  const options = { again: true, forever: true, signal };
  expect(await api(clock, said).call('getUpdates', work, options)).toBe('updates');
  expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
  expect(Math.min(...waits.slice(10))).toBeGreaterThanOrEqual(30_000);
  expect(waits.length).toBeLessThan((30 * hour) / 30_000);
  expect(said).toEqual(['getUpdates: ECONNREFUSED; trying again.', 'Telegram answers again.']);
});

test('what is to be said waits for a day, then is given up', async () => {
  const { clock, time } = fakeClock();
  const said = api(clock).call('sendMessage', () => Promise.reject(away()), {
    again: false,
    signal,
  });
  await expect(said).rejects.toMatchObject({ code: 'LINK' });
  expect(time()).toBeGreaterThan(24 * hour);
  expect(time()).toBeLessThanOrEqual(24 * hour + 60_000);
});

test('any wait lies between half and all of what doubles up to a minute', () => {
  const undone: Fault = { kind: 'undone', message: '' };
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (tries, chance) => {
      const most = Math.min(60_000, 1000 * 2 ** tries);
      const ms = waitMs(undone, tries, patient, () => chance);
      expect(ms).toBeGreaterThanOrEqual(most / 2);
      expect(ms).toBeLessThanOrEqual(most);
    }),
  );
});

test.each([
  [0, 1000],
  [7, 7000],
  [3600, hour],
  [1e12, 24 * hour],
])('told to wait %s s', (seconds, ms) => {
  const body = {
    ok: false,
    error_code: 429,
    description: 'slow',
    parameters: { retry_after: seconds },
  } as const;
  expect(waitMs(faultOf(new GrammyError('', body, 'm', {})), 12, patient)).toBe(ms);
});

test.each<[string, unknown, Fault['kind']]>([
  ['nobody there', away(), 'undone'],
  ['no name', away('EAI_AGAIN'), 'undone'],
  ['a connect that takes too long', away('ETIMEDOUT'), 'undone'],
  [
    'no address that answers',
    new HttpError('', {
      cause: new AggregateError([{ syscall: 'connect' }, { syscall: 'connect' }]),
    } as never),
    'undone',
  ],
  [
    "a hotel's own page",
    new HttpError('', { cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } } as never),
    'undone',
  ],
  [
    'a cut',
    new HttpError('', { cause: { code: 'ECONNRESET', syscall: 'read' } } as never),
    'unknown',
  ],
  ['no answer', new HttpError('', new Error('Request timed out')), 'unknown'],
  ['anything', 'thrown', 'unknown'],
])('%s', (_, error, kind) => expect(faultOf(error).kind).toBe(kind));
