/** After more events than the kernel holds some are lost: waits until it is quiet, then calls for a scan. */

const quiet = 100;

export interface Storm {
  readonly blows: boolean;
  note(): void;
  close(): void;
}

export function createStorm(quietFor: () => number, onOver: () => void): Storm {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const check = (): void => {
    timer = undefined;
    if (quietFor() >= quiet) onOver();
    else timer = setTimeout(check, quiet);
  };
  return {
    get blows() {
      return timer !== undefined;
    },
    note: () => {
      if (!closed) timer ??= setTimeout(check, quiet);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
