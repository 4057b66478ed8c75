/** Progress of one call: told only where the client asked, strictly rising, and not more often than anybody reads. */
import type { ServerContext } from '@modelcontextprotocol/server';

const everyMs = 100;

export interface Progress {
  /** `total` where it is known. */
  tell(done: number, message: string, total?: number): void;
  end(): void;
}

export function createProgress({ mcpReq }: ServerContext): Progress {
  const token = mcpReq._meta?.progressToken;
  let last = -1;
  let told = 0;
  let over = false;
  return {
    tell(done, message, total) {
      const now = performance.now();
      if (token === undefined || over || done <= last || now - told < everyMs) return;
      last = done;
      told = now;
      const params = {
        progressToken: token,
        progress: done,
        message,
        ...(total === undefined ? {} : { total }),
      };
      // Whoever has gone needs no progress.
      mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
    },
    end() {
      over = true;
    },
  };
}
