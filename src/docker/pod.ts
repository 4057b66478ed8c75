/** What kubectl knows of a pod, errors that say what is wrong with one, and where its directories are stored. */
import { CaiError } from '../errors.ts';
import type { PodAddress } from './address.ts';
import { type EngineCommand, type EngineOptions, firstLine, runEngine } from './engine.ts';
import { isBelow } from './place.ts';

export interface PodInfo {
  /** Another one means another pod, whatever its name. */
  readonly uid: string;
  /** The container that is meant. */
  readonly container: string;
  /** Another one means that its own files are others. */
  readonly containerId: string;
  readonly mounts: readonly PodMount[];
}

interface PodMount {
  readonly path: string;
  /** Of the pod's volume. */
  readonly name: string;
  /** The persistent claim behind it; it outlives the pod. */
  readonly claim?: string;
}

export type PodPlace =
  | { readonly kind: 'container'; readonly id: string; readonly created: string }
  /** A volume that goes with its pod. */
  | { readonly kind: 'pod-volume'; readonly pod: string; readonly name: string }
  /** A volume that stays when the pod is recreated. */
  | { readonly kind: 'claim'; readonly namespace: string; readonly name: string };

export interface PodQuery extends EngineOptions {
  /** kubectl with its own arguments. */
  readonly command: EngineCommand;
  readonly address: PodAddress;
}

/** Arguments that name cluster and namespace. */
export function kubectlFor({ command, address }: PodQuery): readonly string[] {
  const { context, namespace } = address;
  return [
    ...command,
    ...(context === undefined ? [] : ['--context', context]),
    '--namespace',
    namespace,
  ];
}

/** Fails with NO_ENGINE (no kubectl), NO_HOST, NO_ACCESS, or NO_CONTAINER when the pod is missing or does not run. */
export async function requirePod(query: PodQuery): Promise<PodInfo> {
  const { address, command } = query;
  const args = ['get', 'pod', address.pod, '--output', 'json'];
  const options = { ...query, flag: '--kubectl' };
  const { code, stdout, stderr } = await runEngine(kubectlFor(query), args, options);
  if (code !== 0) throw podFault(stderr, { address, command });
  return readPod(JSON.parse(stdout) as RawPod, address);
}

interface RawPod {
  readonly metadata: { readonly uid: string; readonly annotations?: Record<string, string> };
  readonly spec: {
    readonly containers: readonly {
      readonly name: string;
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
    }[];
  };
  readonly status: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly name: string;
      readonly containerID?: string;
      readonly state?: { readonly running?: unknown };
    }[];
  };
}

function readPod({ metadata, spec, status }: RawPod, address: PodAddress): PodInfo {
  const wanted =
    address.container ??
    metadata.annotations?.['kubectl.kubernetes.io/default-container'] ??
    spec.containers[0]?.name;
  const found = spec.containers.find(({ name }) => name === wanted);
  const names = spec.containers.map(({ name }) => name).join(', ');
  if (found === undefined) {
    throw new CaiError('NO_CONTAINER', `Pod ${address.pod} has no container ${wanted}.`, {
      next: `There are: ${names}.`,
    });
  }
  const now = status.containerStatuses?.find(({ name }) => name === found.name);
  if (now?.state?.running === undefined) {
    throw new CaiError(
      'NO_CONTAINER',
      `Container ${found.name} of pod ${address.pod} is not running (${status.phase ?? 'unknown'}).`,
      { next: `See \`kubectl --namespace ${address.namespace} describe pod ${address.pod}\`.` },
    );
  }
  const claims = new Map(
    (spec.volumes ?? []).map((volume) => [volume.name, volume.persistentVolumeClaim?.claimName]),
  );
  return {
    uid: metadata.uid,
    container: found.name,
    containerId: now.containerID ?? '',
    mounts: (found.volumeMounts ?? []).map(({ name, mountPath }) => {
      const claim = claims.get(name);
      return { path: mountPath, name, ...(claim === undefined ? {} : { claim }) };
    }),
  };
}

/** Where a directory of a pod is stored. Pure. */
export function podPlace(info: PodInfo, address: PodAddress, root: string): PodPlace {
  const [mount] = info.mounts
    .filter(({ path }) => isBelow(path, root))
    .sort((a, b) => b.path.length - a.path.length);
  if (mount === undefined) return { kind: 'container', id: info.containerId, created: info.uid };
  const { name, claim } = mount;
  if (claim === undefined) return { kind: 'pod-volume', pod: info.uid, name };
  return { kind: 'claim', namespace: address.namespace, name: claim };
}

/** What a complaint of kubectl means. */
export function podFault(stderr: string, { address, command }: PodQuery): CaiError {
  const said = firstLine(stderr);
  const kubectl = kubectlFor({ command, address }).join(' ');
  const { pod } = address;
  if (/not ?found/i.test(stderr) && !/context/i.test(stderr)) {
    return new CaiError('NO_CONTAINER', `There is no pod ${pod}: ${said}`, {
      next: `\`${kubectl} get pods\` lists the pods there are.`,
    });
  }
  if (/forbidden|unauthorized|must be logged in|certificate/i.test(stderr)) {
    return new CaiError('NO_ACCESS', `The cluster refuses: ${said}`, {
      next: `Log in to it, with the rights to get pods and to create pods/exec; \`${kubectl} exec ${pod} -- true\` must work.`,
    });
  }
  return new CaiError('NO_HOST', `The cluster does not answer: ${said}`, {
    next: `Look whether \`${kubectl} get pod ${pod}\` works; \`kubectl config get-contexts\` lists the contexts.`,
  });
}
