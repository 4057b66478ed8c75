/** Against a stand-in for kubectl that runs what it is told on this machine; no cluster is asked. */
import { describe, expect, it } from 'vitest';
import { startKube } from '../../test/support/kube.ts';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { openFar } from './far.fixture.ts';

describe('a directory of a pod', () => {
  it('is stored in a claim, in a volume of the pod, or in the container', async () => {
    const kube = startKube();
    const dir = temporaryDirectory();
    const place = async (pod = 'dev/web-0') => (await openFar(`kube://${pod}:${dir}`, kube)).place;
    expect(await place()).toEqual({ kind: 'container', id: 'containerd://c1-app', created: 'u1' });
    expect(await place('dev/web-0/side')).toMatchObject({ id: 'containerd://c1-side' });
    expect(await place('here/dev/web-0/')).toMatchObject({ id: 'containerd://c1-app' });
    kube.set({ claimAt: dir });
    expect(await place()).toEqual({ kind: 'claim', namespace: 'dev', name: 'web-data' });
  });

  it('fails in words that say what to do', async () => {
    const kube = startKube();
    const attempt = (address: string, node?: string) => openFar(address, { ...kube, node });
    await expect(attempt('kube://dev/web-0:/not/there')).rejects.toMatchObject({
      code: 'ROOT',
      next: expect.stringContaining('--namespace dev exec web-0 -- mkdir -p /not/there'),
    });
    await expect(attempt('kube://dev/web-0:/tmp', 'no-such-node')).rejects.toMatchObject({
      code: 'NO_NODE',
    });
    await expect(attempt('kube://dev/web-1:/tmp')).rejects.toMatchObject({
      code: 'NO_CONTAINER',
      next: expect.stringContaining('get pods'),
    });
    await expect(attempt('kube://dev/web-0/none:/tmp')).rejects.toMatchObject({
      code: 'NO_CONTAINER',
      next: 'There are: side, app.',
    });
    await expect(attempt('kube://gone/dev/web-0/:/tmp')).rejects.toMatchObject({ code: 'NO_HOST' });
    kube.set({ running: false });
    await expect(attempt('kube://dev/web-0:/tmp')).rejects.toMatchObject({ code: 'NO_CONTAINER' });
    kube.set({ forbidden: true });
    await expect(attempt('kube://dev/web-0:/tmp')).rejects.toMatchObject({ code: 'NO_ACCESS' });
    kube.set({ down: true });
    await expect(attempt('kube://dev/web-0:/tmp')).rejects.toMatchObject({ code: 'NO_HOST' });
    await expect(
      openFar('kube://dev/web-0:/tmp', { kubectl: ['no-such-kubectl'] }),
    ).rejects.toMatchObject({
      code: 'NO_ENGINE',
      next: expect.stringContaining('--kubectl'),
    });
  });
});
