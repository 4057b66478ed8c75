import { expect, test } from 'vitest';
import type { ConflictInfo, HoldInfo, SessionEvent } from '../control/api.ts';
import type { News } from './news.ts';
import { compose, gather, noNews } from './news.ts';

const side = { kind: 'file' } as const;

function conflict(id: string, settled: ConflictInfo['settled'] = 'open'): ConflictInfo {
  const versions = { local: [], container: [] };
  const about = {
    kind: 'edit-edit',
    time: 1,
    local: side,
    container: side,
    newest: 'local',
  } as const;
  return { id, path: `src/${id}`, settled, versions, summary: 'both changed it', ...about };
}

const hold: HoldInfo = {
  reason: 'mass-deletion',
  side: 'container',
  files: 90,
  since: 5,
  message: '90 files would be deleted.',
  next: '`cai approve` removes them on the other side too, `cai reject` brings them back.',
};

type Loose = SessionEvent extends infer E ? (E extends unknown ? Omit<E, 'time'> : never) : never;

function after(events: readonly Loose[], from: News = noNews): News {
  return events.reduce<News>(
    (news, event) =>
      gather(news, { kind: 'event', event: { time: 100, ...event } as SessionEvent }),
    from,
  );
}

function told(news: News, now = 1000, mayAnswer = true) {
  const answers = { mayAnswer, session: 'web' };
  const composed = compose(news, { now, graceMs: 500, isTold: () => false, answers });
  const texts = composed.notices.map(({ reply }) => reply.map(({ text }) => text).join(''));
  return { ...composed, texts };
}

test('many conflicts are one message, with buttons for all of them', () => {
  const events = Array.from(
    { length: 12 },
    (_, at) => ({ type: 'conflict', conflict: conflict(`f${at}`) }) as const,
  );
  const { texts, notices } = told(after(events));
  expect(texts).toHaveLength(1);
  expect(texts[0]).toMatch(/^⚠️ 12 conflicts:\nsrc\/f0: both changed it \(open;[\s\S]*… and 2 more/);
  expect(notices[0]?.choices.map(({ label }) => label)).toEqual([
    'Keep local (all 12)',
    'Keep container (all 12)',
    'Keep both (all 12)',
    'Show diff',
  ]);
  expect(notices[0]?.keys).toHaveLength(12);
});

test('what is over before it is told is not told', () => {
  const one = conflict('a');
  expect(
    told(
      after([
        { type: 'conflict', conflict: one },
        { type: 'hold', hold },
        { type: 'resolved', conflict: one, how: 'local' },
        { type: 'released', hold, how: 'gone' },
      ]),
    ).texts,
  ).toEqual([]);
});

test('a hold is told with its answers; from a container there are none, but the commands of the host', () => {
  const news = after([{ type: 'hold', hold }]);
  expect(told(news)).toMatchObject({
    texts: ['✋ 90 files would be deleted.'],
    notices: [
      { choices: [{ label: 'Approve: delete them' }, { label: 'Reject: bring them back' }] },
    ],
  });
  expect(told(news, 1000, false)).toMatchObject({
    texts: [
      '✋ 90 files would be deleted.\n' +
        'From inside the container I may not answer this. On the host: ' +
        '`cai approve web` removes them on the other side too, `cai reject web` brings them back.',
    ],
    notices: [{ choices: [] }],
  });
});

test('a hold that grows is told once, as it is then', () => {
  const news = after([
    { type: 'hold', hold },
    { type: 'hold', hold: { ...hold, files: 95, message: '95 files would be deleted.' } },
  ]);
  expect(told(news).texts).toEqual(['✋ 95 files would be deleted.']);
});

test('a root that is gone has no buttons, and a state that went back in time has its own', () => {
  const next = 'Put the directory back.';
  const gone = { ...hold, reason: 'root-missing', message: 'The root is gone.', next } as const;
  expect(told(after([{ type: 'hold', hold: gone }]))).toMatchObject({
    texts: ['✋ The root is gone.\nPut the directory back.'],
    notices: [{ choices: [] }],
  });
  const past = { ...hold, reason: 'restored-snapshot' } as const;
  expect(told(after([{ type: 'hold', hold: past }])).notices[0]?.choices).toMatchObject([
    { label: 'Approve: take the older state' },
    { label: 'Reject: bring the present one back' },
  ]);
});

test('a link that is lost for long is told, and its return; a blink is not', () => {
  const down = after([{ type: 'state', state: 'disconnected', detail: 'the container stopped' }]);
  const early = told(down, 400);
  expect(early.texts).toEqual([]);
  expect(told(after([{ type: 'state', state: 'scanning' }], early.rest)).texts).toEqual([]);
  const late = told(early.rest, 700);
  expect(late.texts).toEqual([expect.stringContaining('is lost: the container stopped')]);
  const again = after(
    [
      { type: 'state', state: 'disconnected' },
      { type: 'state', state: 'connecting' },
    ],
    late.rest,
  );
  expect(told(again, 5000).texts).toEqual([]);
  const back = told(after([{ type: 'state', state: 'watching' }], again), 120_100);
  expect(back.texts).toEqual([expect.stringContaining('is back (lost 2 min ago)')]);
  expect(told(back.rest).texts).toEqual([]);
});

test('what was told before is not told again', () => {
  const news = after([{ type: 'conflict', conflict: conflict('a') }]);
  const input = { now: 0, graceMs: 0, answers: { mayAnswer: true } };
  expect(compose(news, { ...input, isTold: (key) => key === 'conflict a' }).notices).toEqual([]);
});
