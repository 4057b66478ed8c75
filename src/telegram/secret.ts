/**
 * Secrets from the environment or a file of their owner's alone. They are taken out of the environment, so that
 * programs which tools start do not get them, and out of every text that leaves this room.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { stateDirectory } from '../control/state-dir.ts';
import { CaiError, toCaiError } from '../errors.ts';

export interface SecretPlace {
  /** Names in the environment; the first that is set counts. */
  readonly names: readonly string[];
  readonly file: string;
}

export function tokenPlace(file: string | undefined): SecretPlace {
  return {
    names: ['CAI_TELEGRAM_TOKEN'],
    file: file ?? join(stateDirectory(), 'telegram', 'token'),
  };
}

export function modelKeyPlace(file: string | undefined): SecretPlace {
  return {
    names: ['ANTHROPIC_API_KEY'],
    file: file ?? join(stateDirectory(), 'telegram', 'model-key'),
  };
}

/** Undefined when there is none. Throws STATE when others may read the file. */
export function takeSecret({ names, file }: SecretPlace): string | undefined {
  const found = names.map((name) => process.env[name]).find((value) => value !== undefined);
  for (const name of names) delete process.env[name];
  const value = found?.trim();
  return value === undefined || value === '' ? readSecret(file) : value;
}

function readSecret(file: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(file, 'r');
    const { mode } = fstatSync(fd);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new CaiError('STATE', `Others may read ${file}.`, {
        path: file,
        next: `Run \`chmod 600 ${file}\`; if others did read it, get a new one.`,
      });
    const value = readFileSync(fd, 'utf8').trim();
    return value === '' ? undefined : value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error instanceof CaiError ? error : toCaiError(error, file);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Writes a secret for later starts, 0600. */
export function keepSecret({ file }: SecretPlace, value: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    rmSync(draft, { force: true });
    // Never into a file that is there: it might be one that others may read.
    writeFileSync(draft, `${value}\n`, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(draft, file);
  } catch (error) {
    throw toCaiError(error, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Throws CONFIG for what is no bot token. */
export function checkToken(value: string): string {
  if (/^\d{1,20}:[A-Za-z0-9_-]{30,100}$/.test(value)) return value;
  throw new CaiError('CONFIG', 'That is no bot token.', {
    next: 'A token looks like 123456789:AAE… and comes from @BotFather (docs/telegram.md).',
  });
}

/** Without the secrets, whole or in part of a URL. */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) {
    clean = clean.replaceAll(secret, '[secret]').replaceAll(encodeURIComponent(secret), '[secret]');
    // The second half of a bot token is its secret.
    const half = secret.split(':')[1];
    if (half !== undefined && half.length > 8) clean = clean.replaceAll(half, '[secret]');
  }
  return clean;
}
