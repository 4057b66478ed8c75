/** A directory of a pod, through a stand-in for kubectl that runs its commands on this machine. */
import { describe, expect, test } from 'vitest';
import { startKube } from '../support/kube.ts';
import { watchPair } from '../support/pair.ts';
import { makeTree } from '../support/tree.ts';

describe('a directory of a pod', () => {
  test('both sides are kept the same', async () => {
    const kube = startKube();
    const pair = await watchPair((far) => `kube://dev/web-0:${far}`, {
      args: ['--kubectl', kube.kubectl.join(' ')],
    });
    makeTree(pair.local, { a: '1' });
    makeTree(pair.far, { 'dir/b': '2' });
    expect(await pair.same()).toEqual(['a', 'dir', 'dir/b']);
    expect((await pair.status()).link?.transport).toBe('kubectl exec');
  });
});
