/**
 * Addresses of the two sides, as people write them: a path, `docker://NAME/PATH`, `podman://NAME/PATH`
 * or the short `NAME:/PATH`. Pure. What it returns is absolute and normal, or it throws USAGE.
 */
import { posix } from 'node:path';
import { CaiError } from '../errors.ts';

export type EngineName = 'docker' | 'podman';

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

export type Address = LocalAddress | ContainerAddress;

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
  if (address.kind === 'local') return address.path;
  const path = address.path.split('/').map(encodeURIComponent).join('/');
  return `${address.engine}://${address.container}${path}`;
}

function parseUrl(text: string, engine: string, rest: string): ContainerAddress {
  if (engine !== 'docker' && engine !== 'podman') {
    throw usage(
      text,
      `${engine}:// addresses are not supported.`,
      'Use docker://NAME/PATH, podman://NAME/PATH, NAME:/PATH or a directory.',
    );
  }
  const slash = rest.indexOf('/');
  const container = decode(text, slash < 0 ? rest : rest.slice(0, slash));
  if (!containerName.test(container)) {
    throw usage(
      text,
      container === '' ? 'The container is missing.' : `"${container}" is no container name.`,
      `Write ${engine}://NAME/PATH.`,
    );
  }
  const path = slash < 0 ? '' : decode(text, rest.slice(slash));
  return { kind: 'container', engine, container, path: containerPath(text, container, path) };
}

function decode(text: string, part: string): string {
  try {
    const decoded = decodeURIComponent(part);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Falls through to the error, which says more than URIError does.
  }
  throw usage(text, `"${part}" is not percent-encoded correctly.`, 'Write a percent sign as %25.');
}

function containerPath(text: string, container: string, path: string): string {
  if (!path.startsWith('/')) {
    const what = path === '' ? 'The path is missing' : `The path "${path}" is not absolute`;
    throw usage(
      text,
      `${what} in the address of container ${container}.`,
      `Write ${container}:/PATH. For a local directory with a colon in its name write ./${text}.`,
    );
  }
  const normal = posix.normalize(path).replace(/(?<=.)\/+$/, '');
  if (normal === '/') {
    throw usage(
      text,
      `The root of a container's file system cannot be synchronised.`,
      `Name a directory in it, such as ${container}:/workspace.`,
    );
  }
  return normal;
}

function usage(text: string, message: string, next: string): CaiError {
  return new CaiError('USAGE', message, { path: text, next });
}
