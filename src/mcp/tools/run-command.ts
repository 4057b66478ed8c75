import * as z from 'zod';
import { atWork } from '../at-work.ts';
import { runProgram } from '../command.ts';
import { withSpot } from '../disk/descend.ts';
import { fromErrno } from '../disk/fault.ts';
import { wrongKind } from '../disk/read.ts';
import { pathText } from '../schemas.ts';
import { tool } from '../tool.ts';

const input = z.object({
  command: z
    .array(z.string().max(100_000))
    .min(1)
    .max(1000)
    .describe('the program and its arguments, for instance ["npm", "test"]; there is no shell'),
  cwd: pathText.optional().describe('directory; default the workspace'),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string().max(32_768)).optional(),
  stdin: z
    .string()
    .max(1024 * 1024)
    .optional(),
  timeout_ms: z.number().int().min(1).max(3_600_000).optional().describe('default 120000'),
  max_output_bytes: z.number().int().min(1).max(1_000_000).optional().describe('default 60000'),
});

const output = z.object({
  exit_code: z.number().nullable().describe('null when a signal ended it'),
  signal: z.string().nullable(),
  timed_out: z.boolean(),
  output: z.string().describe('stdout and stderr as they came'),
  omitted_bytes: z.number(),
  ms: z.number(),
  unsigned: z
    .string()
    .optional()
    .describe('why the history may not name the client for what it changed'),
});

export const runCommand = tool({
  name: 'run_command',
  title: 'Run a program',
  description:
    'Runs a program in the workspace and answers with what it printed and its exit code. It gets an argument array, not a shell line. Files that it changes are synchronised like all others.',
  input,
  output,
  effect: 'runs',
  async run(args, call) {
    const { workspace, signal, progress } = call;
    const asked = workspace.path(args.cwd ?? '.');
    let unsigned: string | undefined;
    const end = await withSpot({ root: workspace.root, path: asked }, async (spot) => {
      if (spot.stat === undefined) throw fromErrno({ code: 'ENOENT' }, spot.path);
      if (!spot.stat.isDirectory()) throw wrongKind(spot.path, spot.stat);
      const program = {
        command: args.command,
        cwd: spot.at,
        environment: args.env ?? {},
        input: args.stdin ?? '',
        timeoutMs: args.timeout_ms ?? 120_000,
        maxBytes: args.max_output_bytes ?? 60_000,
        signal,
        onOutput: (bytes: number, text: string) => progress.tell(bytes, lastLine(text)),
      };
      // It can write anywhere.
      return atWork(
        call,
        '',
        () => runProgram(program),
        (why) => {
          unsigned ??= why;
        },
      );
    });
    const { exitCode, timedOut, output: printed, omitted, ms } = end;
    const how = timedOut
      ? `ended after ${ms} ms: its time was over`
      : exitCode === null
        ? `ended by ${end.signal}`
        : `exit code ${exitCode}`;
    const data = {
      exit_code: exitCode,
      signal: end.signal,
      timed_out: timedOut,
      output: printed,
      omitted_bytes: omitted,
      ms,
      ...(unsigned === undefined ? {} : { unsigned }),
    };
    const blank = printed === '' || printed.endsWith('\n') ? '' : '\n';
    const note = unsigned === undefined ? '' : `; the history may not name you: ${unsigned}`;
    return { text: `${printed}${blank}[${how}${note}]`, data };
  },
});

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '';
}
