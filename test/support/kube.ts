/** A cluster of one pod, seen through the stand-in for kubectl: its commands run on this machine. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './tree.ts';

export interface Kube {
  /** The command. */
  readonly kubectl: readonly string[];
  /** Changes what the cluster says. */
  set(change: Partial<KubeState>): void;
}

interface KubeState {
  readonly down: boolean;
  readonly forbidden: boolean;
  readonly running: boolean;
  /** The pod's uid, which a pod that is made anew has another one of. */
  readonly uid: string;
  readonly containerId: string;
  /** Where the pod mounts a claim. */
  readonly claimAt: string;
}

/** Namespace `dev`, pod `web-0` with the containers `app` and `side`. */
export function startKube(): Kube {
  const file = join(temporaryDirectory(), 'cluster.json');
  let state: KubeState = {
    down: false,
    forbidden: false,
    running: true,
    uid: 'u1',
    containerId: 'containerd://c1',
    claimAt: '/no/claim',
  };
  const set: Kube['set'] = (change) => {
    state = { ...state, ...change };
    writeFileSync(file, JSON.stringify(cluster(state)));
  };
  set({});
  const script = fileURLToPath(new URL('kubectl.mjs', import.meta.url));
  return { kubectl: [process.execPath, script, file], set };
}

function cluster({ down, forbidden, running, uid, containerId, claimAt }: KubeState): unknown {
  const status = (name: string) => ({
    name,
    containerID: `${containerId}-${name}`,
    state: running ? { running: {} } : { waiting: {} },
  });
  const pod = {
    metadata: { uid, annotations: { 'kubectl.kubernetes.io/default-container': 'app' } },
    spec: {
      containers: [
        { name: 'side' },
        { name: 'app', volumeMounts: [{ name: 'data', mountPath: claimAt }] },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'web-data' } }],
    },
    status: {
      phase: running ? 'Running' : 'Pending',
      containerStatuses: ['side', 'app'].map(status),
    },
  };
  return { down, forbidden, contexts: ['here'], pods: { 'dev/web-0': pod } };
}
