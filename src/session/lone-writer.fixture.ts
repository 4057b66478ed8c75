/**
 * For tests: a writer that is alone on its side. It knows what stands at every path, so it must never
 * find anything else: no path of its gone, taken or changed by sync.
 */
import type * as fs from 'node:fs';
import { Worker } from 'node:worker_threads';

export interface LoneWriterOptions {
  readonly root: string;
  readonly seed: number;
  readonly operations: number;
  /** Milliseconds of rest in the middle and at the end of an operation, at most; chosen at random. */
  readonly rest: number;
}

export interface LoneWriterLog {
  /** What went wrong: the operation, and what the system said. */
  readonly error?: string;
  /** `PATH`: 'directory', 'link TARGET', or mode and content of a file. */
  readonly stands: Readonly<Record<string, string>>;
  /** The last operations. */
  readonly last: readonly string[];
}

export function runLoneWriter(options: LoneWriterOptions): Promise<LoneWriterLog> {
  const program = `const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${write.toString()})(require('node:fs'), workerData));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { eval: true, workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Kept free of anything outside it: its source text runs in a thread. */
function write(system: typeof fs, options: LoneWriterOptions): LoneWriterLog {
  type Thing =
    | { readonly kind: 'file'; readonly text: string; readonly executable: boolean }
    | { readonly kind: 'link'; readonly target: string }
    | { readonly kind: 'directory' };
  const { root, operations, rest } = options;
  const model = new Map<string, Thing>();
  const last: string[] = [];
  let state = options.seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const maybeRest = (): void => {
    if (next() < 0.5) Atomics.wait(clock, 0, 0, next() * rest);
  };
  const at = (path: string): string => `${root}/${path}`;
  const isWithin = (path: string, top: string): boolean =>
    path === top || path.startsWith(`${top}/`);
  const of = (kind: Thing['kind']): string[] =>
    [...model].filter(([, thing]) => thing.kind === kind).map(([path]) => path);
  const leaves = (): string[] => [...of('file'), ...of('link')];
  const free = (): string => {
    for (;;) {
      const above = pick(['', ...of('directory')]);
      const name = pick(['a', 'b', 'c', 'd', 'e', 'f']) + below(4);
      const path = above === '' ? name : `${above}/${name}`;
      if (path.split('/').length < 5 && !model.has(path)) return path;
    }
  };
  let count = 0;
  const text = (): string => `${++count};`.repeat(pick([1, 1, 50, 500, 20_000, 150_000]));

  const put = (path: string, thing: Thing): void => {
    if (thing.kind === 'directory') system.mkdirSync(at(path));
    else if (thing.kind === 'link') system.symlinkSync(thing.target, at(path));
    else system.writeFileSync(at(path), thing.text, { mode: thing.executable ? 0o755 : 0o644 });
    model.set(path, thing);
  };
  const remove = (path: string): void => {
    system.rmSync(at(path), { recursive: true });
    for (const each of [...model.keys()]) if (isWithin(each, path)) model.delete(each);
  };
  const move = (from: string, to: string): void => {
    system.renameSync(at(from), at(to));
    const moved = [...model].filter(([path]) => isWithin(path, from));
    for (const [path] of moved) model.delete(path);
    for (const [path, thing] of moved) model.set(to + path.slice(from.length), thing);
  };
  const overwrite = (path: string, text: string): void => {
    const before = model.get(path);
    system.writeFileSync(at(path), text);
    model.set(path, {
      kind: 'file',
      text,
      executable: before?.kind === 'file' && before.executable,
    });
  };

  const actions: Record<string, () => string> = {
    make: () => {
      const path = free();
      const kind = pick(['file', 'file', 'link', 'directory'] as const);
      if (kind === 'directory') put(path, { kind });
      else if (kind === 'link') put(path, { kind, target: `nowhere${++count}` });
      else put(path, { kind, text: text(), executable: next() < 0.3 });
      return path;
    },
    move: () => {
      const [from, to] = [pick([...model.keys()]), free()];
      if (!isWithin(to, from)) move(from, to);
      return `${from} ${to}`;
    },
    moveThereAndBack: () => {
      const [from, to] = [pick([...model.keys()]), free()];
      if (isWithin(to, from)) return '';
      move(from, to);
      maybeRest();
      move(to, from);
      return `${from} ${to}`;
    },
    moveOver: () => {
      const [from, to] = [pick(leaves()), pick(leaves())];
      if (from !== to) move(from, to);
      return `${from} ${to}`;
    },
    swap: () => {
      const [a, b, between] = [pick([...model.keys()]), pick([...model.keys()]), free()];
      if (isWithin(a, b) || isWithin(b, a) || isWithin(between, a) || isWithin(between, b))
        return '';
      move(a, between);
      move(b, a);
      maybeRest();
      move(between, b);
      return `${a} ${b}`;
    },
    removeAndMakeAgain: () => {
      const path = pick([...model.keys()]);
      const things = [...model].filter(([each]) => isWithin(each, path));
      things.sort(([a], [b]) => (a < b ? -1 : 1));
      remove(path);
      maybeRest();
      for (const [each, thing] of things) put(each, thing);
      return path;
    },
    otherKind: () => {
      const path = pick([...model.keys()]);
      const { kind } = model.get(path) as Thing;
      remove(path);
      maybeRest();
      if (kind === 'file') put(path, { kind: 'directory' });
      else put(path, { kind: 'file', text: text(), executable: false });
      return path;
    },
    remove: () => {
      const path = pick([...model.keys()]);
      if (model.size > 30) remove(path);
      return path;
    },
    edit: () => {
      const path = pick(of('file'));
      overwrite(path, text());
      return path;
    },
    editAndBack: () => {
      const path = pick(of('file'));
      const { text: before } = model.get(path) as Thing & { kind: 'file' };
      overwrite(path, text());
      maybeRest();
      overwrite(path, before);
      return path;
    },
    editByRename: () => {
      const path = pick(of('file'));
      const beside = `${path}~`;
      put(beside, { kind: 'file', text: text(), executable: next() < 0.3 });
      maybeRest();
      move(beside, path);
      return path;
    },
    chmod: () => {
      const path = pick(of('file'));
      const thing = model.get(path) as Thing & { kind: 'file' };
      system.chmodSync(at(path), thing.executable ? 0o644 : 0o755);
      model.set(path, { ...thing, executable: !thing.executable });
      return path;
    },
    copy: () => {
      const [from, to] = [pick(of('file')), free()];
      put(to, model.get(from) as Thing);
      return `${from} ${to}`;
    },
  };
  const stands = (): Record<string, string> => {
    const show = (thing: Thing): string => {
      if (thing.kind === 'directory') return thing.kind;
      if (thing.kind === 'link') return `link ${thing.target}`;
      return `${thing.executable ? 'x' : '-'} ${thing.text}`;
    };
    return Object.fromEntries([...model].map(([path, thing]) => [path, show(thing)]));
  };

  const kinds = Object.keys(actions);
  for (let n = 0; n < operations; n += 1) {
    const kind = of('file').length < 8 ? 'make' : pick(kinds);
    try {
      last.push(`${kind} ${actions[kind]?.()}`);
    } catch (error) {
      return { error: `${kind}: ${String(error)}`, stands: stands(), last };
    }
    if (last.length > 20) last.shift();
    maybeRest();
  }
  return { stands: stands(), last };
}
