/**
 * A session whose far directory stands on this machine, whatever carries the link (ssh, a stand-in for
 * kubectl): both trees can be looked at here.
 */
import { expect } from 'vitest';
import type { SessionStatus } from '../../src/control/api.ts';
import { type Cai, newCai } from './cai.ts';
import { endSessionsOf } from './session.ts';
import { portable, snapshot, temporaryDirectory } from './tree.ts';
import { waitFor } from './wait.ts';

export interface Pair {
  readonly cai: Cai;
  readonly name: string;
  readonly local: string;
  readonly far: string;
  status(): Promise<SessionStatus>;
  until(what: string, condition: (status: SessionStatus) => boolean): Promise<SessionStatus>;
  /** Flushes, and compares both whole trees; their paths. */
  same(): Promise<string[]>;
}

export interface PairOptions {
  readonly local?: string;
  readonly far?: string;
  readonly cai?: Cai;
  readonly args?: readonly string[];
}

/** Runs `cai watch -d`; `address` makes the remote address of the far directory. */
export async function watchPair(
  address: (far: string) => string,
  options: PairOptions = {},
): Promise<Pair> {
  const { args = [], cai = newCai() } = options;
  const local = options.local ?? temporaryDirectory();
  const far = options.far ?? temporaryDirectory();
  endSessionsOf(cai);
  const { name } = await cai.json<SessionStatus>(['watch', local, address(far), '-d', ...args]);
  const status = async (): Promise<SessionStatus> =>
    JSON.parse((await cai.run(['status', name, '--json'])).stdout) as SessionStatus;
  return {
    cai,
    name,
    local,
    far,
    status,
    until: (what, condition) =>
      waitFor(
        async () => {
          const now = await status();
          if (condition(now)) return now;
          throw new Error(`last status: ${JSON.stringify(now)}`);
        },
        { what, deadline: 30_000, every: 50 },
      ),
    async same() {
      await cai.json(['flush', name]);
      const rows = portable(snapshot(local));
      expect(portable(snapshot(far), rows)).toEqual(rows);
      return rows.map(({ path }) => path);
    },
  };
}
