/** For tests: opens a replica at a written address with the built agent; closed when the test ends. */
import { readFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import { builtAgent } from '../../test/support/built.ts';
import { type FarAddress, parseAddress } from '../docker/address.ts';
import type { ReplicaOptions } from '../replica/replica.ts';
import { type Connected, connect } from './connect.ts';
import type { Tools } from './route.ts';

const options: ReplicaOptions = {
  rules: { ignore: [], allow: [], gitignore: true, git: false },
  settle: 2,
  settleMax: 100,
  maxFileSize: 2 ** 32,
  modes: 'portable',
};

export async function openFar(address: string, tools: Tools = {}): Promise<Connected> {
  const connected = await connect({
    address: parseAddress(address) as FarAddress,
    tools,
    options,
    agentSource: readFileSync(builtAgent(), 'utf8'),
  });
  onTestFinished(() => connected.replica.close());
  return connected;
}
