/**
 * For tests: takes the place of the session engine in a bundled command line. Its status is what
 * `.cai-fake.json` in the local root says; `fail` in it makes the start fail.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionEvent, SessionStatus } from '../control/api.ts';
import { fakeSession } from '../control/fake-session.ts';
import type { ErrorJson } from '../errors.ts';
import { CaiError } from '../errors.ts';
import type { Session, SessionInput } from '../session/session.ts';

export interface FakeBehaviour {
  readonly fail?: ErrorJson;
  readonly status?: Partial<SessionStatus>;
  readonly events?: readonly SessionEvent[];
}

/** @public Its importer is made by the bundler. */
export async function startSession({ record }: SessionInput): Promise<Session> {
  const behaviour = (): FakeBehaviour => {
    try {
      return JSON.parse(
        readFileSync(join(record.local, '.cai-fake.json'), 'utf8'),
      ) as FakeBehaviour;
    } catch {
      return {};
    }
  };
  const { fail, events = [] } = behaviour();
  if (fail !== undefined) throw new CaiError(fail.code, fail.message, fail);
  const session = fakeSession(record);
  session.set({ ready: false, state: 'scanning' });
  const alive = setInterval(() => {}, 1000);
  void session.ended.then(() => clearInterval(alive));
  setTimeout(() => {
    session.emit({ time: Date.now(), type: 'state', state: 'scanning' });
    session.set({ ready: true, state: 'watching' });
    session.emit({ time: Date.now(), type: 'ready', files: 3, bytes: 1500, ms: 12 });
    for (const event of events) session.emit(event);
  }, 20);
  return {
    ...session,
    status: () => ({ ...session.status(), ...behaviour().status }),
    flush: async () => {
      const { problems, conflicts, holds } = { ...session.status(), ...behaviour().status };
      return { ms: 1, problems, conflicts, holds };
    },
  };
}
