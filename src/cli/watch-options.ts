/** The options of `cai watch`, and the sessions that they ask for. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import { findConfig } from '../config/find.ts';
import { commandOf, size } from '../config/values.ts';
import type { SessionOptions } from '../control/api.ts';
import { loadConfig } from '../control/config.ts';
import { conflictPolicies, localChanges, modePolicies, modes } from '../control/config-schema.ts';
import type { WatchRequest } from '../control/prepare.ts';
import { loadSyncSettings, realOr, sessionSettings } from '../control/sync-settings.ts';
import { CaiError } from '../errors.ts';
import { warn } from './output.ts';

export interface WatchFlags {
  readonly name?: string;
  readonly detach?: true;
  readonly json?: true;
  readonly mode?: SessionOptions['mode'];
  readonly localChanges?: SessionOptions['localChanges'];
  readonly ignore?: readonly string[];
  readonly allow?: readonly string[];
  readonly gitignore?: boolean;
  readonly git?: boolean;
  readonly modes?: SessionOptions['modes'];
  readonly conflicts?: SessionOptions['conflicts'];
  readonly bandwidth?: string;
  readonly docker?: string;
  readonly ssh?: string;
  readonly kubectl?: string;
  readonly node?: string;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

/** Adds the options; none has a default, so that it shows which were chosen. */
export function addWatchOptions(command: Command): Command {
  return command
    .option('--name <name>', "the session's name (default: the directory's)")
    .option(
      '-d, --detach',
      'return once the first sync is complete; the session goes on in the background',
    )
    .addOption(
      new Option('--mode <mode>', 'which way changes go (default: two-way)').choices([...modes]),
    )
    .addOption(
      new Option(
        '--local-changes <when>',
        'manual: local changes go to the container only on `cai flush --to container` (default: live)',
      ).choices([...localChanges]),
    )
    .option(
      '--ignore <pattern>',
      'leave out what matches, in .gitignore syntax; may be repeated',
      collect,
    )
    .option(
      '--allow <pattern>',
      'synchronise secrets that match all the same; may be repeated',
      collect,
    )
    .addOption(new Option('--gitignore', 'honour .gitignore files (default)').default(undefined))
    .option('--no-gitignore', 'synchronise what .gitignore files leave out')
    .option('--git', 'synchronise .git directories')
    .addOption(
      new Option(
        '--modes <which>',
        'portable: the executable bit; full: all permission bits (default: portable)',
      ).choices([...modePolicies]),
    )
    .addOption(
      new Option(
        '--conflicts <policy>',
        'who wins when both sides changed a path (default: merge)',
      ).choices([...conflictPolicies]),
    )
    .option('--bandwidth <bytes>', 'contents a second, e.g. 10MiB (default: no limit)')
    .option('--docker <command>', 'docker command, e.g. "docker --context x"')
    .option('--ssh <command>', 'ssh command, e.g. "ssh -F config"')
    .option('--kubectl <command>', 'kubectl command, e.g. "kubectl --kubeconfig x"')
    .option('--node <path>', 'the node command of the far side (default: node)')
    .option('--json', 'print events as JSON lines; with -d the status');
}

/** The sessions that are asked for: the one of the arguments, or those of containai.toml. */
export function watchRequests(
  local: string | undefined,
  remote: string | undefined,
  flags: WatchFlags,
): WatchRequest[] {
  const cwd = process.cwd();
  const options = chosen(flags);
  if (local === undefined) return configured(cwd, flags.name, options);
  if (remote === undefined) {
    throw new CaiError('USAGE', 'LOCAL and REMOTE belong together.', {
      next: 'Write for instance `cai watch . my-container:/workspace`.',
    });
  }
  const { options: defaults, warnings } = loadSyncSettings({
    workspace: realOr(resolve(cwd, local)),
  });
  for (const warning of warnings) warn(warning);
  return [{ local, remote, name: flags.name, options, defaults, cwd }];
}

/** The sessions of the nearest containai.toml; throws USAGE when there is none. */
export function configured(
  cwd: string,
  name: string | undefined,
  options: Partial<SessionOptions>,
): WatchRequest[] {
  const path = findConfig(cwd);
  if (path === undefined) {
    throw new CaiError('USAGE', 'Neither LOCAL and REMOTE nor a containai.toml are given.', {
      next: 'Write for instance `cai watch . my-container:/workspace`, or make a containai.toml (docs/configuration.md).',
    });
  }
  const config = loadConfig(path);
  const { sessions } = config;
  // With one session --name names it; with several it chooses one.
  const named = sessions.filter((session) => name === undefined || session.name === name);
  const wanted = sessions.length === 1 ? sessions : named;
  if (wanted.length === 0) {
    const names = sessions.map((session) => session.name).join(', ');
    throw new CaiError('NO_SESSION', `${path} has no session ${name}.`, {
      path,
      next: `There are: ${names}.`,
    });
  }
  return wanted.map((session): WatchRequest => {
    const { options: defaults, warnings } = sessionSettings(config, session);
    for (const warning of warnings) warn(warning);
    return {
      local: session.local,
      remote: session.remote,
      name: sessions.length === 1 ? (name ?? session.name) : session.name,
      options,
      defaults,
      described: true,
      cwd: session.directory,
    };
  });
}

function chosen(flags: WatchFlags): Partial<SessionOptions> {
  const {
    mode,
    localChanges: when,
    ignore,
    allow,
    gitignore,
    git,
    modes: which,
    conflicts,
    bandwidth,
    docker,
    ssh,
    kubectl,
    node,
  } = flags;
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(when === undefined ? {} : { localChanges: when }),
    ...(ignore === undefined ? {} : { ignore }),
    ...(allow === undefined ? {} : { allow }),
    ...(gitignore === undefined ? {} : { gitignore }),
    ...(git === undefined ? {} : { git }),
    ...(which === undefined ? {} : { modes: which }),
    ...(conflicts === undefined ? {} : { conflicts }),
    ...(bandwidth === undefined ? {} : { bandwidth: size(bandwidth, '--bandwidth') }),
    ...(docker === undefined ? {} : { docker: commandOf(docker, '--docker') }),
    ...(ssh === undefined ? {} : { ssh: commandOf(ssh, '--ssh') }),
    ...(kubectl === undefined ? {} : { kubectl: commandOf(kubectl, '--kubectl') }),
    ...(node === undefined ? {} : { node }),
  };
}
