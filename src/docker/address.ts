/**
 * Addresses of the two sides, as people write them: a path, `docker://NAME/PATH`, `podman://NAME/PATH`,
 * the short `NAME:/PATH`, `ssh://…` or `kube://…`. Pure. What it returns is absolute and normal, or it
 * throws USAGE.
 */
import { absolutePath, decodePart, encodePath, usage } from './address-parts.ts';
import { formatPod, type PodAddress, parsePod } from './address-pod.ts';
import { formatSsh, parseSsh, type SshAddress } from './address-ssh.ts';

export type { PodAddress } from './address-pod.ts';
export { type SshAddress, sshDestination } from './address-ssh.ts';

type EngineName = 'docker' | 'podman';

export interface LocalAddress {
  readonly kind: 'local';
  /** As it was given; not resolved. */
  readonly path: string;
}

export interface ContainerAddress {
  readonly kind: 'container';
  readonly engine: EngineName;
  readonly container: string;
  /** Absolute, normal, without a slash at the end. */
  readonly path: string;
}

/** What is reached over a link. */
export type FarAddress = ContainerAddress | SshAddress | PodAddress;

export type Address = LocalAddress | FarAddress;

const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s;
const drive = /^[A-Za-z]:($|[\\/])/;
// At least two characters before the colon: a single letter is a Windows drive.
const short = /^([A-Za-z0-9][A-Za-z0-9_.-]+):(.*)$/s;
const containerName = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** Reads an address; throws USAGE with what to write instead. */
export function parseAddress(text: string): Address {
  if (text === '') throw usage(text, 'An address is empty.', 'Give a directory or NAME:/PATH.');
  if (text.includes('\0')) throw usage(text, 'An address holds a NUL character.', 'Remove it.');
  const url = scheme.exec(text);
  if (url !== null) return parseUrl(text, (url[1] as string).toLowerCase(), url[2] as string);
  if (drive.test(text)) return { kind: 'local', path: text };
  const named = short.exec(text);
  if (named === null) return { kind: 'local', path: text };
  const [, container, path] = named as unknown as [string, string, string];
  return {
    kind: 'container',
    engine: 'docker',
    container,
    path: containerPath(text, container, path),
  };
}

/** The one way to write an address; `parseAddress` is its inverse. Equal addresses are written equal. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case 'local':
      return address.path;
    case 'container':
      return `${address.engine}://${address.container}${encodePath(address.path)}`;
    case 'ssh':
      return formatSsh(address);
    case 'pod':
      return formatPod(address);
  }
}

function parseUrl(text: string, name: string, rest: string): Address {
  switch (name) {
    case 'docker':
    case 'podman':
      return parseContainer(text, name, rest);
    case 'ssh':
      return parseSsh(text, rest);
    case 'kube':
      return parsePod(text, rest);
    default:
      throw usage(
        text,
        `${name}:// addresses are not supported.`,
        'Use NAME:/PATH, docker://, podman://, ssh:// or kube://, or a directory.',
      );
  }
}

function parseContainer(text: string, engine: EngineName, rest: string): ContainerAddress {
  const slash = rest.indexOf('/');
  const container = decodePart(text, slash < 0 ? rest : rest.slice(0, slash));
  if (!containerName.test(container)) {
    throw usage(
      text,
      container === '' ? 'The container is missing.' : `"${container}" is no container name.`,
      `Write ${engine}://NAME/PATH.`,
    );
  }
  const path = slash < 0 ? '' : decodePart(text, rest.slice(slash));
  return { kind: 'container', engine, container, path: containerPath(text, container, path) };
}

function containerPath(text: string, container: string, path: string): string {
  return absolutePath(text, path, {
    whose: `container ${container}`,
    example: `${container}:`,
    otherwise: ` For a local directory with a colon in its name write ./${text}.`,
  });
}
