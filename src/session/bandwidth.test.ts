import { expect, test } from 'vitest';
import { createBandwidth } from './bandwidth.ts';

test('without a limit nothing waits', async () => {
  const start = performance.now();
  await createBandwidth(0).take(1e12);
  expect(performance.now() - start).toBeLessThan(50);
});

test('two streams share it', async () => {
  const bandwidth = createBandwidth(1_000_000);
  async function* chunks() {
    for (let at = 0; at < 10; at += 1) yield new Uint8Array(20_000);
  }
  const start = performance.now();
  const read = async () => {
    let bytes = 0;
    for await (const chunk of bandwidth.pace(chunks())) bytes += chunk.length;
    return bytes;
  };
  expect(await Promise.all([read(), read()])).toEqual([200_000, 200_000]);
  // 400 kB at 1 MB/s, of which 100 ms may go at once.
  expect(performance.now() - start).toBeGreaterThan(290);
});

test('whoever gives up does not wait', async () => {
  const bandwidth = createBandwidth(1);
  const abort = new AbortController();
  const waiting = bandwidth.take(1_000_000, abort.signal);
  abort.abort();
  await waiting;
});
