/**
 * The ssh command that runs the boot script on another machine. Keys, agents, jump hosts and names are
 * those of its user's configuration; what would ask, forward or allot a terminal is turned off. Pure.
 */
import type { SshAddress } from '../docker/address.ts';
import { bootScript, nodeEnvironment, nodeFlags } from './boot.ts';

const options: readonly string[] = [
  // Nobody is there to answer a question.
  'BatchMode=yes',
  'ConnectTimeout=15',
  'ServerAliveInterval=5',
  'ServerAliveCountMax=3',
  // Banners would stand before the message that says what is wrong.
  'LogLevel=ERROR',
  'RequestTTY=no',
  'ClearAllForwardings=yes',
  'ForwardAgent=no',
  'ForwardX11=no',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  // A connection that is there is used; a new one ends with its session.
  'ControlMaster=no',
];

export interface SshCommand {
  readonly address: SshAddress;
  readonly ssh?: readonly string[] | undefined;
  readonly node?: string | undefined;
}

export function sshCommand({ address, ssh = ['ssh'], node = 'node' }: SshCommand): string[] {
  const { user, host, port } = address;
  return [
    ...ssh,
    ...options.flatMap((option) => ['-o', option]),
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    host,
    remoteCommand(node),
  ];
}

/** For the login shell of the far side, whichever it is: only the name of node may need an escape. */
function remoteCommand(node: string): string {
  const script = `eval(Buffer.from("${Buffer.from(bootScript).toString('base64')}","base64").toString())`;
  const command = ['exec', 'env', ...nodeEnvironment, node, ...nodeFlags, '-e', script];
  return command.map(quote).join(' ');
}

/** One word of a command line as every POSIX shell (and fish, and csh) reads it. */
export function quote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
