/**
 * `kube://[CONTEXT/]NAMESPACE/POD[/CONTAINER]:/PATH`. Three names are namespace, pod and container;
 * a context with a pod's only container ends in a slash: `kube://CONTEXT/NAMESPACE/POD/:/PATH`. Pure.
 */
import { absolutePath, decodePart, encodePath, usage } from './address-parts.ts';

export interface PodAddress {
  readonly kind: 'pod';
  /** Of the kubectl configuration; the current one when left out. */
  readonly context?: string;
  readonly namespace: string;
  readonly pod: string;
  /** The pod's default container when left out. */
  readonly container?: string;
  readonly path: string;
}

const name = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;
const example = 'kube://[CONTEXT/]NAMESPACE/POD[/CONTAINER]:/PATH';

/** `rest` is what follows `kube://` in `text`. */
export function parsePod(text: string, rest: string): PodAddress {
  const colon = rest.indexOf(':');
  const names = (colon < 0 ? rest : rest.slice(0, colon)).split('/');
  const hasContext = names.length === 4;
  if (names.length < 2 || names.length > 4) {
    throw usage(
      text,
      'A namespace and a pod are needed.',
      `Write ${example}; a slash or colon in a context's name as %2F or %3A.`,
    );
  }
  const [context, namespace, pod, container] = hasContext ? names : [undefined, ...names];
  const given = decodePart(text, context ?? '');
  if (hasContext && (given === '' || given.startsWith('-')))
    throw usage(text, `"${given}" is no context.`, `Write ${example}.`);
  return {
    kind: 'pod',
    ...(hasContext ? { context: given } : {}),
    namespace: nameOf(text, 'namespace', namespace),
    pod: nameOf(text, 'pod', pod),
    ...(container === undefined || (hasContext && container === '')
      ? {}
      : { container: nameOf(text, 'container', container) }),
    path: absolutePath(text, colon < 0 ? '' : decodePart(text, rest.slice(colon + 1)), {
      whose: `pod ${pod}`,
      example: `kube://${names.join('/')}:`,
    }),
  };
}

export function formatPod({ context, namespace, pod, container, path }: PodAddress): string {
  const names = [
    ...(context === undefined ? [] : [encodeURIComponent(context)]),
    namespace,
    pod,
    ...(container === undefined ? (context === undefined ? [] : ['']) : [container]),
  ];
  return `kube://${names.join('/')}:${encodePath(path)}`;
}

function nameOf(text: string, what: string, raw: string | undefined): string {
  if (raw !== undefined && name.test(raw)) return raw;
  throw usage(
    text,
    raw === undefined || raw === '' ? `The ${what} is missing.` : `"${raw}" is no ${what}.`,
    `Write ${example}.`,
  );
}
