/** `cai config`: every setting with its value and where that comes from. */
import type { Command } from 'commander';
import { findConfig } from '../config/find.ts';
import { originText } from '../config/layers.ts';
import { loadSettings, type ResolvedSettings } from '../config/settings.ts';
import { settingKeys } from '../config/settings-schema.ts';
import { describesSessions, loadConfig } from '../control/config.ts';
import { optionKeys } from '../control/config-schema.ts';
import {
  keyOf,
  loadSyncSettings,
  type SyncSettings,
  sessionSettings,
} from '../control/sync-settings.ts';
import { toCaiError } from '../errors.ts';
import { workspaceNames } from '../home/names.ts';
import { resolveWorkspace } from '../home/workspace.ts';
import { table } from './format.ts';
import { print, printJson, warn } from './output.ts';

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
  const sync = syncRows(workspace, flags.config);
  const rows = [...settingRows(settings), ...sync.rows];
  // Each table is read by itself: what is no TOML at all is told once.
  const warnings = [...new Set([...settings.warnings, ...sync.warnings])];
  if (flags.json === true) {
    printJson({ workspace, settings: rows, warnings });
    return;
  }
  for (const warning of warnings) warn(warning);
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

interface SyncRows {
  readonly rows: readonly ConfigRow[];
  readonly warnings: readonly string[];
}

/** Of the sessions that the file describes, and of one that it does not name, such as that of `cai run`. */
function syncRows(workspace: string, config: string | undefined): SyncRows {
  const file = config ?? findConfig(workspace);
  const described = file === undefined ? none : describedRows(file, config !== undefined);
  if (described.rows.some(({ key }) => key === 'sync.remote')) return described;
  const { options, origins, warnings } = loadSyncSettings({ workspace, config });
  // What is wrong in a table that counts for both has been found twice.
  const more = described.warnings.filter((each) => !warnings.some((one) => one.startsWith(each)));
  return {
    rows: [...optionRows('sync', { options, origins }), ...described.rows],
    warnings: [...more, ...warnings],
  };
}

const none: SyncRows = { rows: [], warnings: [] };

function describedRows(path: string, strict: boolean): SyncRows {
  try {
    if (!describesSessions(path)) return none;
    const config = loadConfig(path);
    const each = config.sessions.map((session) => {
      const prefix = session.name === undefined ? 'sync' : `sync.${session.name}`;
      const settings = sessionSettings(config, session);
      const roots = (['local', 'remote'] as const).map((key) => ({
        key: `${prefix}.${key}`,
        value: session[key],
        from: `${path}:${config.line(session, key)}`,
      }));
      return { rows: [...roots, ...optionRows(prefix, settings)], warnings: settings.warnings };
    });
    return {
      rows: each.flatMap(({ rows }) => rows),
      warnings: each.flatMap(({ warnings }) => warnings),
    };
  } catch (error) {
    if (strict) throw error;
    return { rows: [], warnings: [toCaiError(error).message] };
  }
}

function optionRows(
  prefix: string,
  { options, origins }: Pick<SyncSettings, 'options' | 'origins'>,
): ConfigRow[] {
  return optionKeys.map(({ name, write }) => {
    const value = options[name];
    const shown = value === undefined || write === undefined ? value : write(value);
    return {
      key: `${prefix}.${keyOf(name)}`,
      value: shown ?? null,
      from: originText(origins[name]),
    };
  });
}

function valueText(value: unknown): string {
  if (value === null) return '-';
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.length === 0 ? 'none' : value.map(valueText).join(', ');
}
