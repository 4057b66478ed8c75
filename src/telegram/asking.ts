/** Questions with buttons: what a press does, for whom and how long. */
import { randomBytes } from 'node:crypto';
import type { Pressed } from './buttons.ts';
import { createButtons } from './buttons.ts';
import type { Button, Chat } from './chat.ts';
import type { Choice, Notice } from './news.ts';
import { plain } from './reply.ts';
import type { Job } from './work.ts';

export type Action =
  | { readonly kind: 'run'; readonly job: Job }
  | { readonly kind: 'drop' }
  | { readonly kind: 'decide'; readonly decide: () => void }
  /** Under a notice, which may stand there for long. */
  | { readonly kind: 'choice'; readonly choice: Choice; readonly shown: number };

export interface Asking {
  /** The buttons of a notice, for one user. */
  buttonsOf(notice: Notice, user: number): readonly Button[];
  /** Shows a question, or puts it where a message is; yes does the job. */
  ask(chat: Chat, question: Question): Promise<void>;
  /** Waits for the answer; no answer within a minute is a no. */
  confirm(chat: Chat, question: string, signal: AbortSignal): Promise<boolean>;
  press(name: string, user: number): Pressed<Action>;
}

export interface Question {
  readonly text: string;
  readonly job: Job;
  readonly message?: number;
}

/** How long a question waits for its answer. */
export const askMs = 60_000;
const noticeMs = 7 * 24 * 3600 * 1000;

export function createAsking(now: () => number = () => Date.now()): Asking {
  const buttons = createButtons<Action>({
    now,
    newName: () => randomBytes(12).toString('base64url'),
    isHarmless: (action) => action.kind === 'choice' && action.choice.kind === 'diff',
  });
  const yesNo = (user: number, yes: Action, no: Action): readonly Button[] => {
    const names = buttons.offer([yes, no], { user, until: now() + askMs });
    return ['Yes, do it', 'No'].map((label, at) => ({ label, data: names[at] as string }));
  };
  return {
    press: buttons.press,
    buttonsOf({ choices }, user) {
      const shown = now();
      const actions = choices.map(({ choice }) => ({ kind: 'choice', choice, shown }) as const);
      const names = buttons.offer(actions, { user, until: shown + noticeMs });
      return choices.map(({ label }, at) => ({ label, data: names[at] as string }));
    },
    async ask(chat, { text, job, message }) {
      const row = yesNo(chat.id, { kind: 'run', job }, { kind: 'drop' });
      const reply = plain(`❓ ${text}?`);
      if (message === undefined) await chat.send(reply, row);
      else await chat.edit(message, reply, row);
    },
    async confirm(chat, question, signal) {
      let decide: (yes: boolean) => void = () => undefined;
      const decided = new Promise<boolean>((resolve) => {
        decide = resolve;
      });
      const choices = [true, false].map(
        (yes) => ({ kind: 'decide', decide: () => decide(yes) }) as const,
      );
      const row = yesNo(chat.id, choices[0] as Action, choices[1] as Action);
      const timer = setTimeout(() => decide(false), askMs);
      signal.addEventListener('abort', () => decide(false), { once: true });
      const message = await chat.send(plain(`❓ ${question}. Allow it?`), row);
      const answer = await decided;
      clearTimeout(timer);
      const text = `${answer ? '✅ Allowed' : '🚫 Not allowed'}: ${question}`;
      if (message !== undefined) await chat.edit(message, plain(text));
      return answer;
    },
  };
}
