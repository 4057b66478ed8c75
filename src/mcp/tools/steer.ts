import * as z from 'zod';
import type { ToolCall } from '../tool.ts';
import { tool } from '../tool.ts';

const output = z.object({ session: z.string(), state: z.string() });

export const pauseSync = tool({
  name: 'pause_sync',
  title: 'Pause the sync',
  description: 'Carries nothing over until resume_sync; both sides can be edited meanwhile.',
  input: z.object({}),
  output,
  effect: 'adds',
  run: (_, call) => steer(call, 'pause'),
});

export const resumeSync = tool({
  name: 'resume_sync',
  title: 'Resume the sync',
  description: 'Goes on after pause_sync: everything that changed meanwhile is carried over.',
  input: z.object({}),
  output,
  effect: 'adds',
  run: (_, call) => steer(call, 'resume'),
});

async function steer({ workspace, signal }: ToolCall, order: 'pause' | 'resume') {
  const { name: session, state } = await workspace.port.call(order, {}, { signal });
  const done = order === 'pause' ? 'paused' : 'resumed';
  return { text: `Sync ${session} is ${done} (${state}).`, data: { session, state } };
}
