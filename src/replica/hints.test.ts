/** What most likely comes of an own write waits; what somebody waits for does not. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { createHints } from './hints.ts';

function start() {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] });
  const due: string[][] = [];
  const hints = createHints({ settle: 0, settleMax: 100 }, () =>
    due.push([...hints.take().keys()]),
  );
  onTestFinished(() => {
    hints.close();
    vi.useRealTimers();
  });
  return { due, hints };
}

test('echoes wait a little, and are looked at', () => {
  const { due, hints } = start();
  hints.addEcho('a');
  hints.addEcho('b');
  vi.advanceTimersByTime(1);
  expect(due).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(due).toEqual([['a', 'b']]);
});

test('a hint that somebody waits for takes the echoes along at once', () => {
  const { due, hints } = start();
  hints.addEcho('a');
  hints.add('b');
  vi.advanceTimersByTime(0);
  expect(due).toEqual([['a', 'b']]);
  vi.advanceTimersByTime(100);
  expect(due).toHaveLength(1);
});

test('an echo does not hold up a hint', () => {
  const { due, hints } = start();
  hints.add('b');
  hints.addEcho('a');
  vi.advanceTimersByTime(0);
  expect(due).toEqual([['b', 'a']]);
});
