/**
 * What a tool is, and how its answer or error becomes an MCP result. A tool answers with data and one
 * text that says the same to a model; errors carry their stable code in `_meta`, because clients of the
 * older SDK check structured content against the output schema even in errors.
 */
import type {
  CallToolResult,
  ContentBlock,
  McpServer,
  ServerContext,
} from '@modelcontextprotocol/server';
import type * as z from 'zod';
import type { CaiError } from '../errors.ts';
import { toCaiError } from '../errors.ts';
import { createProgress, type Progress } from './progress.ts';
import type { Workspace } from './workspace.ts';

/** How a tool touches the world; becomes MCP's annotations. */
export type Effect =
  | 'reads'
  /** Adds, and destroys nothing; doing it twice is doing it once. */
  | 'adds'
  /** May replace or remove something. */
  | 'changes'
  /** As `changes`, and doing it twice is doing it once. */
  | 'sets'
  /** Anything at all, beyond the workspace too. */
  | 'runs';

export interface Tool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  readonly run: (args: unknown, call: ToolCall) => Promise<Answer>;
}

export interface ToolCall {
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** Who calls, as a name for the history. */
  readonly author: string;
  readonly progress: Progress;
}

export interface Answer {
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Instead of the text: images and the like. */
  readonly blocks?: readonly ContentBlock[];
  /** Not done as asked; the data says what was. */
  readonly failed?: boolean;
}

interface Definition<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly effect: Effect;
  readonly run: (
    args: z.output<I>,
    call: ToolCall,
  ) => Promise<Omit<Answer, 'data'> & { readonly data: z.input<O> }>;
}

/** Ties a tool's arguments and data to its schemas. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Definition<I, O>,
): Tool {
  const { run, ...rest } = definition;
  return { ...rest, run: (args, call) => run(args as z.output<I>, call) };
}

const hints = {
  reads: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  adds: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  changes: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  sets: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  runs: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
} as const satisfies Record<Effect, object>;

export interface Binding {
  readonly workspace: Workspace;
  /** Who calls, when the request itself does not say. */
  readonly author: (context: ServerContext) => string;
}

export function registerTool(server: McpServer, tool: Tool, { workspace, author }: Binding): void {
  const { name, title, description, input, output, effect, run } = tool;
  const annotations = { title, ...hints[effect] };
  const config = { title, description, inputSchema: input, outputSchema: output, annotations };
  server.registerTool(name, config, async (args, context) => {
    const { signal } = context.mcpReq;
    const progress = createProgress(context);
    try {
      const call = { workspace, signal, author: author(context), progress };
      return toResult(await run(args, call));
    } catch (error) {
      return toErrorResult(toCaiError(error));
    } finally {
      progress.end();
    }
  });
}

function toResult({ text, data, blocks, failed = false }: Answer): CallToolResult {
  const content: ContentBlock[] = blocks === undefined ? [{ type: 'text', text }] : [...blocks];
  return { content, structuredContent: { ...data }, ...(failed ? { isError: true } : {}) };
}

const errorKey = 'cai/error';

function toErrorResult(error: CaiError): CallToolResult {
  const { code, message, next } = error;
  const text = `${code}: ${message}${next === undefined ? '' : ` ${next}`}`;
  return {
    content: [{ type: 'text', text }],
    isError: true,
    _meta: { [errorKey]: { ...error.toJSON() } },
  };
}
