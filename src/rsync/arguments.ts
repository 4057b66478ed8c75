/**
 * The arguments of the two rsync processes. The one on the host is the client and makes the server's own;
 * the far side takes only those that such a client makes, and puts in the places by itself. Pure.
 */
import { CaiError } from '../errors.ts';

/** `send`: from the host to the far side. */
export type Direction = 'send' | 'receive';

/**
 * Stands for the far side's root, where rsync looks for what it can reuse. That side puts in the real path,
 * which must be an absolute one: 3.2.7 with Debian's fixes opens no file through `..`.
 */
export const farBasis = '/basis';
/** Stands for the far side; no such machine is ever looked up. */
const farHost = 'far:/';

const common = [
  // What is there already is no proof of anything: every file that is named is brought over.
  '--ignore-times',
  // Written under its name at once: the place is private, and a rename per file costs more than the file.
  '--inplace',
  '--no-implied-dirs',
  '--files-from=-',
  '--from0',
  '--no-secluded-args',
  '--info=progress2',
  '--outbuf=N',
] as const;

/** `shell`: rsync's own notation of the command that connects it. */
export function clientArguments(options: {
  readonly direction: Direction;
  readonly shell: string;
  /** The directory with older versions of the files: only what differs from those goes over. */
  readonly basis?: string | undefined;
  /** Seconds of silence after which rsync gives up. */
  readonly stall?: number;
}): readonly string[] {
  const { direction, shell, basis, stall = 30 } = options;
  return [
    '-e',
    shell,
    ...common,
    `--timeout=${stall}`,
    ...(basis === undefined ? ['--whole-file'] : ['--no-whole-file', `--copy-dest=${basis}`]),
    ...(direction === 'send' ? ['./', farHost] : [farHost, './']),
  ];
}

/** Short options that carry no value but the client's abilities behind `e`. */
const shortForm = /^-[IRWvt]*(e[\d.]*[A-Za-z]*)?$/;
const longForms = [
  /^--sender$/,
  /^--timeout=\d{1,6}$/,
  /^--inplace$/,
  /^--no-implied-dirs$/,
  /^--files-from=-$/,
  /^--from0$/,
  /^--no-W$|^--no-whole-file$/,
  /^--(log-format|out-format)=[%a-zX]{0,8}$/,
];

/** The server's arguments as a client made them, from `--server` on; with its root put in. */
export function serverArguments(made: readonly unknown[], root: string): readonly string[] {
  const [first, ...rest] = made;
  if (first !== '--server' || rest.at(-2) !== '.') throw refused(made);
  const options = rest.slice(0, -2);
  for (let at = 0; at < options.length; at += 1) {
    const option = options[at];
    if (option === '--copy-dest' && options[at + 1] === farBasis) at += 1;
    else if (typeof option !== 'string' || !isKnown(option)) throw refused(made);
  }
  const placed = (options as string[]).map((option) => (option === farBasis ? root : option));
  return ['--server', ...placed, '.', './'];
}

function isKnown(option: string): boolean {
  return option.startsWith('--')
    ? longForms.some((form) => form.test(option))
    : shortForm.test(option);
}

function refused(made: readonly unknown[]): CaiError {
  const text = made.map(String).join(' ').slice(0, 200);
  return new CaiError('PROTOCOL', `An rsync is refused: ${text}`);
}
