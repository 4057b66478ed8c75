import { expect, test } from 'vitest';
import { createGate, type Gate } from './upcall-gate.ts';

function at(start = 0) {
  let time = start;
  const gate = createGate(() => time);
  return { gate, pass: (ms: number) => (time += ms) };
}

/** How many calls of a thousand get in. */
function entered(gate: Gate): number {
  let count = 0;
  for (let n = 0; n < 1000; n += 1) {
    try {
      gate.enter('call')();
      count += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'BUSY' });
    }
  }
  return count;
}

test('a burst gets in, then so many a second', () => {
  const { gate, pass } = at();
  expect(entered(gate)).toBe(100);
  pass(1000);
  expect(entered(gate)).toBe(50);
  pass(3_600_000);
  expect(entered(gate)).toBe(100);
});

test('calls and subscriptions have places of their own, and leaving twice frees one', () => {
  const { gate } = at();
  const leave = gate.enter('call');
  for (let n = 1; n < 16; n += 1) gate.enter('call');
  expect(() => gate.enter('call')).toThrow('at a time');
  for (let n = 0; n < 8; n += 1) gate.enter('subscription');
  expect(() => gate.enter('subscription')).toThrow('at a time');
  leave();
  leave();
  gate.enter('call');
  expect(() => gate.enter('call')).toThrow('at a time');
});

test('long work keeps everybody out until ten times as long has passed', () => {
  const { gate, pass } = at();
  gate.enter('call')();
  gate.charge(2000);
  expect(entered(gate)).toBe(0);
  pass(17_000);
  expect(entered(gate)).toBe(0);
  pass(2_000);
  expect(entered(gate)).toBeGreaterThan(0);
});
