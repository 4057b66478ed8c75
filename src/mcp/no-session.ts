/** A port for a directory that has no session and will have none. */
import { CaiError } from '../errors.ts';
import type { SessionPort } from './port.ts';

export function noSession(): SessionPort {
  return {
    side: 'local',
    isUp: () => false,
    ready: () => Promise.resolve(),
    follow: () => () => undefined,
    close: () => undefined,
    call: () =>
      Promise.reject(
        new CaiError('NO_SESSION', 'There is no session.', {
          next: 'Start one on the host with `cai watch`.',
        }),
      ),
  };
}
