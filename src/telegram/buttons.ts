/**
 * Buttons that work once, and only for the one to whom they were shown. What a button means stays here: Telegram
 * carries a random name for it and nothing else. Pure but for its memory.
 */

export interface Shown {
  readonly user: number;
  /** Milliseconds since 1970; afterwards the button is worth nothing. */
  readonly until: number;
}

export type Pressed<Action> =
  | { readonly kind: 'act'; readonly action: Action }
  | { readonly kind: 'refused'; readonly why: string };

export interface Buttons<Action> {
  /** Names for a row of choices, of which one can be taken once. */
  offer(actions: readonly Action[], shown: Shown): readonly string[];
  press(name: string, user: number): Pressed<Action>;
}

export interface ButtonsInput<Action> {
  readonly now: () => number;
  /** A name that nobody can guess. */
  readonly newName: () => string;
  /** True for what may be pressed as often as one likes. */
  readonly isHarmless?: (action: Action) => boolean;
}

const maxKept = 1000;

interface Kept<Action> extends Shown {
  readonly action: Action;
  readonly names: readonly string[];
}

export function createButtons<Action>(input: ButtonsInput<Action>): Buttons<Action> {
  const { now, newName, isHarmless = () => false } = input;
  const kept = new Map<string, Kept<Action>>();
  return {
    offer(actions, shown) {
      const names = actions.map(newName);
      for (const [at, action] of actions.entries())
        kept.set(names[at] as string, { ...shown, action, names });
      for (const name of kept.keys()) {
        if (kept.size <= maxKept) break;
        kept.delete(name);
      }
      return names;
    },
    press(name, user) {
      const found = kept.get(name);
      if (found === undefined)
        return { kind: 'refused', why: 'This button was used, or is from before my last start.' };
      if (found.user !== user) return { kind: 'refused', why: 'This button is for somebody else.' };
      if (now() > found.until) {
        for (const one of found.names) kept.delete(one);
        return { kind: 'refused', why: 'This button is too old. Ask again.' };
      }
      if (!isHarmless(found.action)) for (const one of found.names) kept.delete(one);
      return { kind: 'act', action: found.action };
    },
  };
}
