import { expect, it } from 'vitest';
import { createBounded } from './bounded.ts';

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

it('lets in as many as the limit, and the next when one is done', async () => {
  const work = createBounded(2);
  const [a, b, c] = [deferred(), deferred(), deferred()];
  await work.add(a.promise);
  let added = false;
  const second = work.add(b.promise).then(() => {
    added = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(added).toBe(false);
  b.resolve();
  await second;
  a.resolve();
  await work.add(c.promise);
  c.resolve();
  await work.settled();
  work.check();
});

it('several failures at once are all heard; the first is thrown', async () => {
  const work = createBounded(3);
  const [a, b] = [deferred(), deferred()];
  await work.add(a.promise);
  await work.add(b.promise);
  a.reject(new Error('first'));
  b.reject(new Error('second'));
  // Nobody awaits either here; vitest fails a run in which a rejection goes unheard.
  await new Promise((resolve) => setImmediate(resolve));
  await work.settled();
  expect(() => work.check()).toThrow('first');
  await expect(work.add(Promise.resolve())).rejects.toThrow('first');
});
