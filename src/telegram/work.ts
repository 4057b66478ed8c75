/**
 * What the bot does for people: one thing after the other for each, beside it what only reads. A running operation has
 * one message, which is edited until it holds the answer. An update is finished when its answer is out.
 */
import { toCaiError } from '../errors.ts';
import type { Button, Chat } from './chat.ts';
import type { Reply } from './reply.ts';
import { plain } from './reply.ts';

export interface Answered {
  readonly reply: Reply;
  readonly buttons?: readonly Button[];
}

export interface Job {
  /** Shown while it runs. */
  readonly title: string;
  /** The message that becomes the answer; absent: a new one. */
  readonly message?: number | undefined;
  readonly run: (running: Running) => Promise<Answered>;
  /** Called when the answer is out, whatever it is. */
  readonly done?: () => void;
}

export interface Running {
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface Work {
  /** Behind what waits; says so when that is too much. */
  queue(chat: Chat, job: Job): void;
  /** At once. */
  beside(chat: Chat, job: Job): void;
  /** Ends what runs and what waits; how many that were. */
  stop(chat: number): number;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

interface Line {
  readonly waiting: { readonly chat: Chat; readonly job: Job }[];
  readonly running: Set<AbortController>;
  busy: boolean;
}

const maxWaiting = 5;
const maxBeside = 5;
const placeholderMs = 800;
const progressMs = 2000;

export function createWork(life: AbortSignal): Work {
  const lines = new Map<number, Line>();
  const all = new Set<Promise<void>>();
  const lineOf = (chat: number): Line => {
    const found = lines.get(chat) ?? { waiting: [], running: new Set(), busy: false };
    lines.set(chat, found);
    return found;
  };
  const keep = (work: Promise<void>): void => {
    all.add(work);
    void work.finally(() => all.delete(work));
  };

  async function runOne(line: Line, chat: Chat, job: Job): Promise<void> {
    const stop = new AbortController();
    line.running.add(stop);
    try {
      await perform(chat, job, AbortSignal.any([life, stop.signal]));
    } finally {
      line.running.delete(stop);
      // What was cut off by the end of the process is told after the next start.
      if (!life.aborted) job.done?.();
    }
  }

  async function refuse(chat: Chat, { message, done }: Job): Promise<void> {
    const words = plain('🚫 Not done: five orders wait already; /stop ends them.');
    if (message === undefined) await chat.send(words);
    else await chat.edit(message, words);
    if (!life.aborted) done?.();
  }

  async function drain(line: Line): Promise<void> {
    line.busy = true;
    for (let next = line.waiting.shift(); next !== undefined; next = line.waiting.shift())
      await runOne(line, next.chat, next.job);
    line.busy = false;
  }

  return {
    queue(chat, job) {
      const line = lineOf(chat.id);
      if (line.waiting.length >= maxWaiting) return keep(refuse(chat, job));
      line.waiting.push({ chat, job });
      if (!line.busy) keep(drain(line));
    },
    beside(chat, job) {
      const line = lineOf(chat.id);
      if (line.running.size < maxBeside) keep(runOne(line, chat, job));
      else this.queue(chat, job);
    },
    stop(chat) {
      const line = lineOf(chat);
      const dropped = line.waiting.splice(0);
      for (const { job } of dropped) job.done?.();
      for (const one of line.running) one.abort();
      return dropped.length + line.running.size;
    },
    async idle() {
      while (all.size > 0) await Promise.all(all);
    },
  };
}

async function perform(chat: Chat, job: Job, signal: AbortSignal): Promise<void> {
  const shown = showProgress(chat, job);
  const answered = await answerOf(job, { signal, progress: shown.progress });
  const message = await shown.end();
  if (message === undefined) await chat.send(answered.reply, answered.buttons);
  else await chat.edit(message, answered.reply, answered.buttons);
}

async function answerOf(job: Job, running: Running): Promise<Answered> {
  try {
    return await job.run(running);
  } catch (thrown) {
    if (running.signal.aborted) return { reply: plain(`⏹ Stopped: ${job.title}`) };
    const { message, next } = toCaiError(thrown);
    return { reply: plain(`❌ ${message}${next === undefined ? '' : `\n${next}`}`) };
  }
}

/** A message that says what runs, once it takes a moment; at most one edit is on its way. */
function showProgress(chat: Chat, { title, message }: Job) {
  const head = `⏳ ${title}`;
  let id = message;
  let sending: Promise<void> | undefined;
  let editing: Promise<void> | undefined;
  let last = Date.now();
  const edit = (into: number, text: string): void => {
    last = Date.now();
    editing = chat.edit(into, plain(text)).finally(() => {
      editing = undefined;
    });
  };
  const begin = (): void => {
    void chat.typing();
    if (message !== undefined) edit(message, head);
    else
      sending = chat.send(plain(head)).then((sent) => {
        id = sent;
      });
  };
  const timer = setTimeout(begin, placeholderMs);
  return {
    progress(text: string): void {
      if (id === undefined || text === '' || editing !== undefined) return;
      if (Date.now() - last >= progressMs) edit(id, `${head}\n${text}`);
    },
    async end(): Promise<number | undefined> {
      clearTimeout(timer);
      await sending;
      await editing;
      return id;
    },
  };
}
