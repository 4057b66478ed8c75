/** The route to a directory of another machine, through the system's ssh. */
import { type SshAddress, sshDestination } from '../docker/address.ts';
import { CaiError, type ErrorOptions, toCaiError } from '../errors.ts';
import type { Route, Tools } from './route.ts';
import { sshCommand } from './ssh-command.ts';
import type { TransportEnd } from './transport.ts';

export function sshRoute(address: SshAddress, tools: Tools): Route {
  const { ssh = ['ssh'], node } = tools;
  return {
    transport: 'ssh',
    command: sshCommand({ address, ssh, node }),
    async place() {
      return { kind: 'host', host: sshDestination(address) };
    },
    explain: (thrown) => explainSsh(thrown, { address, ssh, node }),
  };
}

interface Target {
  readonly address: SshAddress;
  readonly ssh: readonly string[];
  readonly node?: string | undefined;
}

/** Says what a failure means. Pure. */
export function explainSsh(thrown: unknown, target: Target): CaiError {
  const error = toCaiError(thrown);
  const { address } = target;
  const by = byHand(target);
  const say = (code: CaiError['code'], message: string, options: ErrorOptions) =>
    new CaiError(code, message, { ...options, cause: error });
  switch (error.code) {
    case 'LINK':
      return explainEnd(error, target);
    case 'ROOT':
      return say('ROOT', `On ${address.host}: ${error.message}`, {
        path: address.path,
        next: `Run \`${by} mkdir -p ${address.path}\`, or name another directory.`,
      });
    case 'PERMISSION':
      return say('PERMISSION', `On ${address.host}: ${error.message}`, {
        path: address.path,
        next: 'Log in as a user who may use the directory (ssh://USER@HOST/PATH), or give this one access.',
      });
    case 'TIMEOUT':
      return say('TIMEOUT', `${address.host}: ${error.message}`, {
        next: `Look whether \`${by} node --version\` answers.`,
      });
    default:
      return error;
  }
}

/** What ssh says, what that means, and what its user can do; `%` stands for ssh with its destination. */
const complaints: readonly {
  readonly said: RegExp;
  readonly code: 'NO_ACCESS' | 'NO_HOST';
  readonly what: string;
  readonly next: string;
}[] = [
  {
    said: /REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed/i,
    code: 'NO_ACCESS',
    what: 'its host key is another one than before',
    next: 'If the machine was set up anew, remove its old key with `ssh-keygen -R HOST`, then run `%` and compare the fingerprint. If it was not, somebody may be listening.',
  },
  {
    said: /host key verification failed|no .* host key is known/i,
    code: 'NO_ACCESS',
    what: 'its host key is not known',
    next: 'Run `%` once and compare the fingerprint with that of the machine.',
  },
  {
    said: /permission denied|too many authentication failures|no supported authentication/i,
    code: 'NO_ACCESS',
    what: 'it refuses the login',
    next: 'Load a key that it accepts (`ssh-add`); `%` must work without a question.',
  },
  {
    said: /could not resolve hostname|name or service not known/i,
    code: 'NO_HOST',
    what: 'its name is not known',
    next: 'Check the name; it may also be a Host of ~/.ssh/config.',
  },
  {
    said: /connection refused|timed out|no route to host|network is unreachable|connection (closed|reset)/i,
    code: 'NO_HOST',
    what: 'it does not answer',
    next: 'Look whether the machine is up and `%` works.',
  },
];

function explainEnd(error: CaiError, target: Target): CaiError {
  const { address, ssh, node = 'node' } = target;
  const end = error.cause as Partial<TransportEnd> | undefined;
  const login = byHand(target);
  if (end?.spawnFault === 'ENOENT') {
    return new CaiError('NO_HOST', `${ssh[0]} is not installed.`, {
      next: 'Install an OpenSSH client, or name another command with --ssh.',
      cause: error,
    });
  }
  if (end?.exitCode === 127 || end?.exitCode === 126) {
    return new CaiError('NO_NODE', `${address.host} has no usable ${node}: ${error.message}`, {
      next: `Install Node.js 18 or newer there, or name it with --node. \`${login} command -v node\` says what a login without a terminal finds.`,
      cause: error,
    });
  }
  const known = complaints.find(({ said }) => said.test(error.message));
  if (end?.exitCode !== 255 || known === undefined) return error;
  return new CaiError(known.code, `${address.host} cannot be used: ${known.what}.`, {
    next: known.next.replace('%', login),
    cause: error,
  });
}

/** What a person would type. */
function byHand({ address, ssh }: Target): string {
  const { user, host, port } = address;
  const login = user === undefined ? host : `${user}@${host}`;
  return [...ssh, ...(port === undefined ? [] : ['-p', String(port)]), login].join(' ');
}
