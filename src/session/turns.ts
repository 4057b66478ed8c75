/** Lets a few go at once; the others wait for their turn, in order. */
export interface Turns {
  take(): Promise<void>;
  end(): void;
}

export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    async take() {
      if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
      else running += 1;
    },
    end() {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    },
  };
}
