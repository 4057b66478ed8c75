/** A tool's result in the words of a chat. What has no words of its own here is said as the tool says it. Pure. */
import type { HoldInfo } from '../control/api.ts';
import { ago, size } from '../mcp/amounts.ts';
import type { Side } from '../tree/path.ts';
import { displayPath } from '../tree/path.ts';
import type { Arguments } from './arguments.ts';
import { isAnswerable, onHost } from './held.ts';
import type { Reply } from './reply.ts';
import { piece, plain } from './reply.ts';

export interface ToolResult {
  readonly text: string;
  readonly failed: boolean;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Called {
  readonly tool: string;
  readonly args: Arguments;
  readonly result: ToolResult;
}

export function present({ tool, args, result }: Called, now: number): Reply {
  const { text, failed, data } = result;
  if (failed) return plain(`❌ ${text}`);
  switch (tool) {
    case 'sync_status':
      return plain(statusText(data as unknown as Status, now));
    case 'sync_from_local':
    case 'sync_to_local':
      return plain(syncText(tool, { args, text, data: data as unknown as Synced }));
    case 'edit_file':
    case 'write_file':
      return edited(data as unknown as Edited, text);
    case 'diff':
      return typeof data.patch === 'string' ? [piece('diff', data.patch)] : plain(text);
    case 'read_file':
    case 'grep':
    case 'run_command':
    case 'directory_tree':
      return [piece('pre', text)];
    default:
      return plain(text);
  }
}

/** What waits for somebody, as tools list it. */
export interface Open {
  readonly conflicts?: readonly {
    readonly id: string;
    readonly path: string;
    readonly summary: string;
  }[];
  readonly holds?: readonly Pick<HoldInfo, 'message' | 'next' | 'reason'>[];
  readonly problems?: readonly {
    readonly path?: string;
    readonly message: string;
    readonly next?: string;
  }[];
}

interface Totals {
  readonly last?: string;
  readonly last_hour: number;
}

interface Status extends Open {
  readonly side?: Side;
  readonly session?: string;
  readonly state: string;
  readonly mode?: string;
  readonly workspace: string;
  readonly next?: string;
  readonly bytes?: number;
  readonly pending?: number;
  readonly local_changes?: 'live' | 'manual';
  readonly waiting?: number;
  readonly to_container?: Totals;
  readonly to_local?: Totals;
}

export function statusText(status: Status, now: number): string {
  const head = '📊 Sync Status:';
  if (status.session === undefined)
    return `${head}\n- No session runs for ${status.workspace}${status.next === undefined ? '' : `\n- ${status.next}`}`;
  const { state, pending = 0 } = status;
  const lines = [
    `Local → Docker: ${fromLocal(status, now)}`,
    `Docker → Local: ${fromDocker(status)}`,
    `Workspace size: ${size(status.bytes ?? 0)}`,
    ...(state === 'watching' ? [] : [`State: ${state}`]),
    ...(pending > 0 ? [`${pending} changes on their way`] : []),
  ];
  return [head, ...lines.map((line) => `- ${line}`), ...openLines(status)].join('\n');
}

function fromLocal({ mode, to_container: totals, waiting = 0 }: Status, now: number): string {
  if (mode === 'to-local') return 'Off (one-way)';
  const waits = waiting > 0 ? `, ${waiting} changes wait for /exec sync_from_local` : '';
  if (totals?.last === undefined) return `No change to sync yet${waits}`;
  return `Last sync ${ago(now - Date.parse(totals.last))}${waits}`;
}

function fromDocker({ mode, to_local: totals }: Status): string {
  if (mode === 'to-container') return 'Off (one-way)';
  const count = totals?.last_hour ?? 0;
  return `Real-time (${count} ${count === 1 ? 'file' : 'files'} synced in last hour)`;
}

const maxLines = 10;

function openLines(open: Open & Pick<Status, 'side' | 'session'>): string[] {
  const { conflicts = [], holds = [], problems = [], side, session } = open;
  const afterHold = (hold: Pick<HoldInfo, 'next' | 'reason'>): string => {
    if (!isAnswerable(hold)) return ` ${hold.next}`;
    if (side === undefined) return ' See /status.';
    return side === 'container' ? ` ${onHost(hold, session)}` : '';
  };
  const lines = [
    ...conflicts.map(({ path, summary }) => `⚠️ Conflict at ${displayPath(path)}: ${summary}`),
    ...holds.map((hold) => `✋ ${hold.message}${afterHold(hold)}`),
    ...problems.map(({ path, message, next = '' }) =>
      `❗ ${path === undefined ? '' : `${displayPath(path)}: `}${message} ${next}`.trim(),
    ),
  ];
  const rest = lines.length - maxLines;
  return rest > 0 ? [...lines.slice(0, maxLines), `… and ${rest} more`] : lines;
}

interface Synced extends Open {
  readonly waiting: number;
}

function syncText(
  tool: string,
  { args, text, data }: { readonly args: Arguments; readonly text: string; readonly data: Synced },
): string {
  const whole =
    tool === 'sync_from_local'
      ? '✅ Synced local changes to Docker workspace'
      : '✅ Synced Docker workspace changes to local';
  const head = args.paths === undefined ? whole : (text.split('\n')[0] as string);
  const waiting = data.waiting > 0 ? [`${data.waiting} local changes still wait`] : [];
  return [head, ...waiting, ...openLines(data)].join('\n');
}

export interface Edited {
  readonly path: string;
  readonly result: 'created' | 'replaced' | 'unchanged';
  readonly dry_run?: boolean;
  readonly diff?: string;
  readonly sync: {
    readonly state: string;
    readonly side: 'local' | 'container';
    readonly reason?: string;
    readonly unsigned?: string;
  };
}

function edited(data: Edited, text: string): Reply {
  if (data.result === 'unchanged' || data.dry_run === true) return plain(text);
  const diff = data.diff === undefined ? [] : [piece('plain', '\n'), piece('diff', data.diff)];
  return [piece('plain', editedLine(data)), ...diff];
}

/** The path that an edit changed; undefined when it changed nothing. */
export function changedPath({ tool, result: { failed, data } }: Called): string | undefined {
  if (failed || (tool !== 'edit_file' && tool !== 'write_file')) return undefined;
  const { result, path, dry_run: dryRun } = data as unknown as Edited;
  return result === 'unchanged' || dryRun === true ? undefined : path;
}

/** "✅ Edited src/index.ts - changes synced to local"; both sides have it then, wherever the bot runs. */
export function editedLine({ path, result, sync }: Edited): string {
  const head = `${result === 'created' ? 'Created' : 'Edited'} ${displayPath(path)}`;
  const unsigned =
    sync.unsigned === undefined ? '' : `\n⚠️ The history may not name you: ${sync.unsigned}`;
  if (sync.state === 'arrived') return `✅ ${head} - changes synced to local${unsigned}`;
  const other = sync.side === 'local' ? 'on the host' : 'in the container';
  const reason = sync.reason === undefined ? '' : `: ${sync.reason}`;
  return `⚠️ ${head} - not ${other}${sync.state === 'pending' ? ' yet' : ''}${reason}${unsigned}`;
}
