/** `cai config`: every setting with its value and where that comes from. */
import type { Command } from 'commander';
import { findConfig } from '../config/find.ts';
import { loadSettings, originText, type ResolvedSettings } from '../config/settings.ts';
import { settingKeys } from '../config/settings-schema.ts';
import { lineOf, readToml } from '../config/toml.ts';
import { loadConfig } from '../control/config.ts';
import { toCaiError } from '../errors.ts';
import { workspaceNames } from '../home/names.ts';
import { resolveWorkspace } from '../home/workspace.ts';
import { table } from './format.ts';
import { colors, note, print, printJson } from './output.ts';

const examples = `
A setting comes from, in this order: a flag, the environment, what is remembered of the workspace, the
workspace's containai.toml (or --config), ~/.config/containai/config.toml, the default.

Examples:
  $ cai config                    of the current directory
  $ cai config ~/src/shop --json
  $ cai config --config other.toml
`;

interface Flags {
  readonly workspace?: string;
  readonly config?: string;
  readonly json?: true;
}

export interface ConfigRow {
  readonly key: string;
  readonly value: unknown;
  /** For people. */
  readonly from: string;
}

export function define(command: Command): void {
  command
    .argument('[PATH]', 'the workspace (default: the current directory)')
    .option('--workspace <path>', 'the same')
    .option('--config <path>', "a file in place of the workspace's")
    .option('--json', 'print JSON')
    .addHelpText('after', examples)
    .action(show);
}

function show(path: string | undefined, flags: Flags): void {
  const workspace = resolveWorkspace(path ?? flags.workspace);
  const settings = loadSettings({ workspace, config: flags.config });
  const file = flags.config ?? findConfig(workspace);
  const warnings = [...settings.warnings];
  const rows = [...settingRows(settings), ...(file === undefined ? [] : syncRows(file, warnings))];
  if (flags.json === true) {
    printJson({ workspace, settings: rows, warnings });
    return;
  }
  for (const warning of warnings) note(`${colors.yellow('warning')} ${warning}`);
  print(`workspace ${workspace}`);
  for (const line of table(rows.map(({ key, value, from }) => [key, valueText(value), from])))
    print(line);
}

function settingRows(settings: ResolvedSettings): ConfigRow[] {
  return settingKeys.map(({ name, key }) => {
    const from = originText(settings.origins[name]);
    if (name !== 'dataVolume' || settings.dataVolume !== undefined)
      return { key, value: settings[name] ?? null, from };
    return { key, value: workspaceNames(settings.workspace).volume, from: "the workspace's path" };
  });
}

/** What the file says of live sync; all else of it is the default. */
function syncRows(path: string, warnings: string[]): ConfigRow[] {
  try {
    const file = readToml(path);
    if (file.table.sync === undefined) return [];
    // Checks every key.
    const { sessions } = loadConfig(path);
    return sessions.flatMap(({ name }) => {
      const keys = name === undefined ? ['sync'] : ['sync', name];
      const own = keys.reduce<unknown>((at, key) => (at as never)[key], file.table) as object;
      return Object.entries(own).map(([key, value]) => ({
        key: [...keys, key].join('.'),
        value: value as unknown,
        from: `${path}:${lineOf(file.text, [...keys, key])}`,
      }));
    });
  } catch (error) {
    const { message } = toCaiError(error);
    // A file that is no TOML has been told already.
    if (!warnings.some((each) => each.includes(message))) warnings.push(message);
    return [];
  }
}

function valueText(value: unknown): string {
  if (value === null) return '-';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.length === 0 ? 'none' : value.map(valueText).join(', ');
}
