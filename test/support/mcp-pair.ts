/** Two directories with a live session between them, for tests of the MCP server. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionStatus } from '../../src/control/api.ts';
import type { Cai } from './cai.ts';
import { complaint, newCai } from './cai.ts';
import type { Made } from './tree.ts';
import { makeTree } from './tree.ts';

export interface McpPair {
  readonly cai: Cai;
  /** The local side. */
  readonly near: string;
  /** What stands for the container. */
  readonly far: string;
  /** Ends the session and removes everything; to be called at the end. */
  stop(): Promise<void>;
}

export async function startMcpPair(
  spec: Readonly<Record<string, Made>> = {},
  args: readonly string[] = [],
): Promise<McpPair> {
  const top = mkdtempSync(join(realpathSync(tmpdir()), 'cai-test-'));
  const [near, far, state] = ['near', 'far', 'state'].map((name) => join(top, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [near, far, state]) mkdirSync(directory);
  makeTree(near, spec);
  const cai = newCai(state);
  await cai.json<SessionStatus>(['watch', near, far, '-d', ...args]);
  return {
    cai,
    near,
    far,
    async stop() {
      const output = await cai.run(['unwatch', '--all']);
      if (output.code !== 0) throw new Error(complaint(['unwatch', '--all'], output));
      rmSync(top, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
