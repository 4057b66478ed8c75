/** The table of commands. A command's file holds its arguments, options, examples and action. */
import type { Command } from 'commander';

export interface CommandModule {
  /** Adds arguments, options, examples and the action. */
  readonly define: (command: Command) => void;
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandModule>;
}

export const commands: readonly Entry[] = [
  {
    name: 'watch',
    summary: 'keep a local directory and a container the same',
    load: () => import('./watch.ts'),
  },
  {
    name: 'status',
    summary: 'show what sessions do, and what needs attention',
    load: () => import('./status.ts'),
  },
  { name: 'list', summary: 'list the sessions', load: () => import('./list.ts') },
  {
    name: 'flush',
    summary: 'wait until every change made so far is on both sides',
    load: () => import('./flush.ts'),
  },
  { name: 'pause', summary: 'carry nothing over until resume', load: () => import('./pause.ts') },
  { name: 'resume', summary: 'go on after pause', load: () => import('./resume.ts') },
  {
    name: 'unwatch',
    summary: 'end a session; both sides and the history stay',
    load: () => import('./unwatch.ts'),
  },
  { name: 'approve', summary: 'let held deletions go ahead', load: () => import('./approve.ts') },
  {
    name: 'reject',
    summary: 'bring back what vanished instead of deleting it',
    load: () => import('./reject.ts'),
  },
  {
    name: 'conflicts',
    summary: 'list the paths that both sides changed, open or settled',
    load: () => import('./conflicts.ts'),
  },
  {
    name: 'diff',
    summary: 'compare the sides, what they had before, and versions',
    load: () => import('./diff.ts'),
  },
  {
    name: 'resolve',
    summary: 'settle conflicts, also after the policy did',
    load: () => import('./resolve.ts'),
  },
  {
    name: 'history',
    summary: 'list the versions that sync replaced or removed',
    load: () => import('./history.ts'),
  },
  { name: 'show', summary: "print a version's content", load: () => import('./show.ts') },
  { name: 'restore', summary: 'put a version back', load: () => import('./restore.ts') },
  {
    name: 'undo',
    summary: 'take back what sync brought over',
    load: () => import('./undo.ts'),
  },
  { name: 'logs', summary: 'show what happened', load: () => import('./logs.ts') },
  {
    name: 'import',
    summary: 'bring your configuration into a data volume',
    load: () => import('./import.ts'),
  },
  {
    name: 'sync',
    summary: 'in a container: move configuration into the data volume',
    load: () => import('./sync.ts'),
  },
  {
    name: 'config',
    summary: 'show every setting and where it comes from',
    load: () => import('./config.ts'),
  },
  {
    name: 'mcp',
    summary: 'serve the workspace and its sync to AI agents, over stdio',
    load: () => import('./mcp.ts'),
  },
  {
    name: 'serve',
    summary: 'serve the workspace and its sync to AI agents, over HTTP',
    load: () => import('./serve.ts'),
  },
  {
    name: 'telegram',
    summary: 'reach the workspace and its sync from a chat',
    load: () => import('./telegram.ts'),
  },
  {
    name: 'run',
    summary: "make or start a workspace's container",
    load: () => import('./run-workspace.ts'),
  },
  {
    name: 'shell',
    summary: "open a shell in a workspace's container",
    load: () => import('./shell.ts'),
  },
  {
    name: 'stop',
    summary: "end a workspace's container",
    load: () => import('./stop.ts'),
  },
  {
    name: 'export',
    summary: 'write the data volume into an archive',
    load: () => import('./export.ts'),
  },
  {
    name: 'doctor',
    summary: 'check what this machine has for sync',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'demo',
    summary: 'see it at work with a container of its own',
    load: () => import('./demo.ts'),
  },
  {
    name: 'call',
    summary: 'call a tool of a running MCP server',
    load: () => import('./call.ts'),
  },
  {
    name: 'workspace',
    summary: 'keep a directory and the workspace container the same, with an rsync daemon',
    load: () => import('./workspace.ts'),
  },
  {
    name: '__workspace',
    summary: 'run the workspace container',
    hidden: true,
    load: () => import('./workspace-guest.ts'),
  },
  {
    name: '__run',
    summary: 'run a session in the background',
    hidden: true,
    load: () => import('./run.ts'),
  },
];
