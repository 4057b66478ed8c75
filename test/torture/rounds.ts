/**
 * A torture is a round that is repeated with ever new seeds: once or twice inside `npm test`, and for
 * minutes under `npm run torture`. A round that fails names the command that repeats it.
 */
import { appendFileSync } from 'node:fs';
import { test } from 'vitest';
import { type Random, random } from '../support/random.ts';

/** What a round counts; summed up over the rounds. */
export type Figures = Readonly<Record<string, number>>;

export interface Torture {
  /** As `--only` takes it. */
  readonly name: string;
  /** Rounds inside `npm test`. */
  readonly quick: number;
  /** Part of the minutes of a long run. */
  readonly share: number;
  /** Seconds within which a round must end. */
  readonly seconds: number;
  readonly round: (chance: Random, size: 'quick' | 'long') => Promise<Figures>;
}

const { CAI_TORTURE_MINUTES, CAI_TORTURE_ONLY, CAI_TORTURE_REPORT } = process.env;
const minutes = Number(CAI_TORTURE_MINUTES ?? 0);

/** Under `npm run torture`. */
export const isLong = minutes > 0;

export function torture(what: Torture): void {
  const share = CAI_TORTURE_ONLY === undefined ? what.share : 1;
  const runFor = isLong ? minutes * share * 60_000 : 0;
  const limit = what.seconds * 1000;
  const timeout = isLong ? runFor + limit : what.quick * limit;
  test(what.name, { timeout }, () => rounds(what, runFor));
}

async function rounds({ name, quick, round }: Torture, runFor: number): Promise<void> {
  const { seed } = random();
  const start = performance.now();
  const sums: Record<string, number> = {};
  let done = 0;
  try {
    do {
      const chance = random(seed + done);
      const figures = await round(chance, isLong ? 'long' : 'quick').catch((error: unknown) => {
        throw new Error(complaint(name, chance.seed, error), { cause: error });
      });
      for (const [key, value] of Object.entries(figures)) sums[key] = (sums[key] ?? 0) + value;
      done += 1;
    } while (isLong ? performance.now() - start < runFor : done < quick);
  } finally {
    const seconds = Math.round((performance.now() - start) / 1000);
    report({ name, seed, rounds: done, seconds, ...sums });
  }
}

function complaint(name: string, seed: number, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `${text}\nrepeat: npm run torture -- --only ${name} --seed ${seed}`;
}

/** One line a torture; scripts/torture.mjs prints them at the end. */
function report(line: Readonly<Record<string, unknown>>): void {
  if (CAI_TORTURE_REPORT === undefined) return;
  appendFileSync(CAI_TORTURE_REPORT, `${JSON.stringify(line)}\n`);
}
