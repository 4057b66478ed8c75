/** `ssh://[USER@]HOST[:PORT]/PATH`. HOST may be a name of the user's ssh configuration. Pure. */
import { absolutePath, decodePart, encodePath, usage } from './address-parts.ts';

export interface SshAddress {
  readonly kind: 'ssh';
  readonly user?: string;
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port?: number;
  readonly path: string;
}

const authority = /^(?:([^@/]*)@)?(\[[^\]/]*\]|[^:/@[\]]*)(?::([^/]*))?$/s;
// What begins with a dash would pass for an option.
const user = /^[A-Za-z0-9_][A-Za-z0-9_.+\\@-]*\$?$/;
const host = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const ipv6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?$/;
const example = 'ssh://[USER@]HOST[:PORT]/PATH';

/** `rest` is what follows `ssh://` in `text`. */
export function parseSsh(text: string, rest: string): SshAddress {
  const slash = rest.indexOf('/');
  const found = authority.exec(slash < 0 ? rest : rest.slice(0, slash));
  if (found === null) throw usage(text, 'This is no ssh address.', `Write ${example}.`);
  const [, rawUser, rawHost = '', rawPort] = found;
  const named = hostOf(text, rawHost);
  const path = slash < 0 ? '' : decodePart(text, rest.slice(slash));
  return {
    kind: 'ssh',
    ...(rawUser === undefined ? {} : { user: userOf(text, rawUser) }),
    host: named,
    ...(rawPort === undefined ? {} : { port: portOf(text, rawPort) }),
    path: absolutePath(text, path, { whose: `host ${named}`, example: `ssh://${named}` }),
  };
}

export function formatSsh(address: SshAddress): string {
  return `ssh://${sshDestination(address)}${encodePath(address.path)}`;
}

/** The address without its path. */
export function sshDestination({ user: login, host: name, port }: SshAddress): string {
  const at = login === undefined ? '' : `${encodeURIComponent(login)}@`;
  const shown = name.includes(':') ? `[${encodeURI(name)}]` : name;
  return `${at}${shown}${port === undefined ? '' : `:${port}`}`;
}

function hostOf(text: string, raw: string): string {
  const inner = raw.startsWith('[') ? decodePart(text, raw.slice(1, -1)) : decodePart(text, raw);
  if (raw.startsWith('[') ? ipv6.test(inner) : host.test(inner)) return inner;
  throw usage(
    text,
    inner === '' ? 'The host is missing.' : `"${inner}" is no host name.`,
    `Write ${example}; an IPv6 address stands in brackets.`,
  );
}

function userOf(text: string, raw: string): string {
  const name = decodePart(text, raw);
  if (user.test(name)) return name;
  throw usage(
    text,
    name.includes(':') ? 'A password has no place in an address.' : `"${name}" is no user name.`,
    `Write ${example}; keys and agents are those of your ssh.`,
  );
}

function portOf(text: string, raw: string): number {
  const port = Number(raw);
  if (/^\d{1,5}$/.test(raw) && port >= 1 && port <= 65_535) return port;
  throw usage(text, `"${raw}" is no port.`, 'A port is a number from 1 to 65535.');
}
