/**
 * A writer for random histories: does random things to a tree with real system calls, in a thread or a
 * container of its own, so that races are real. Every content it writes is a unique token; it notes
 * which token it wrote where, and which tokens it replaced itself (those may be gone).
 */
import type { spawnSync } from 'node:child_process';
import type * as fs from 'node:fs';

export interface WriterOptions {
  readonly root: string;
  /** First part of every token, unique for the writer. */
  readonly name: string;
  readonly seed: number;
  readonly operations: number;
  /** Microseconds of rest after an operation, at most; chosen at random. */
  readonly restUs: number;
  /** Names at each level; few names mean many meetings. */
  readonly names: readonly string[];
  /** Names at the first level; writers of one side share none, so that each knows what it replaced. */
  readonly first: readonly string[];
  /** Leave some kinds of operation out. */
  readonly without?: readonly string[];
  /** Write the log to this file too, each line before or after its deed, so that it outlives the writer. */
  readonly logFile?: string;
  /** A directory outside of the root for a git repository; then `git checkout` is one of the operations. */
  readonly repository?: string;
}

export interface WriterLog {
  /** Tokens that were whole contents of a path. */
  readonly written: string[];
  /** Tokens that this writer replaced or removed itself. */
  readonly replaced: string[];
  readonly done: Record<string, number>;
}

/** Kept free of anything outside it: its source text also runs in threads and containers. */
export function write(
  system: typeof fs,
  options: WriterOptions,
  run?: typeof spawnSync,
): WriterLog {
  const { root, name, operations, names, repository } = options;
  const log: WriterLog = { written: [], replaced: [], done: {} };
  const logged =
    options.logFile === undefined ? undefined : system.openSync(options.logFile, 'a', 0o644);
  // Where and when helps to find what became of it; the oracle does not need it.
  const note = (list: 'written' | 'replaced', text: string, how = '', path = ''): void => {
    log[list].push(text);
    if (logged === undefined) return;
    const line = [list, text, how, path.slice(root.length + 1), Date.now()];
    system.writeSync(logged, `${JSON.stringify(line)}\n`);
  };
  const pause = new Int32Array(new SharedArrayBuffer(4));
  let state = options.seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const anyPath = (): string => {
    const parts = [pick(options.first)];
    while (parts.length < 3 && next() < 0.45) parts.push(pick(names));
    return `${root}/${parts.join('/')}`;
  };
  const contentOf = (path: string): string | undefined => {
    try {
      return system.lstatSync(path).isFile() ? system.readFileSync(path, 'latin1') : undefined;
    } catch {
      return undefined;
    }
  };
  // Sync takes a file away for an instant and may put it back: what seemed to be absent can be there again a
  // moment later. So nothing is replaced or removed but what was seen; where nothing was, only a free name is taken.
  const isLink = (path: string): boolean =>
    system.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const excuse = (path: string): boolean => {
    const content = contentOf(path);
    if (content !== undefined) note('replaced', content, 'excuse', path);
    return content !== undefined;
  };
  const removeSeen = (path: string): void => {
    if (!system.lstatSync(path).isDirectory()) {
      if (isLink(path) || excuse(path)) system.unlinkSync(path);
      return;
    }
    for (const child of system.readdirSync(path)) {
      try {
        removeSeen(`${path}/${child}`);
      } catch {
        // It went by itself.
      }
    }
    system.rmdirSync(path);
  };
  const excuseAll = (path: string): void => {
    let children: string[] = [];
    try {
      if (system.lstatSync(path).isDirectory()) children = system.readdirSync(path);
    } catch {
      return;
    }
    excuse(path);
    for (const child of children) excuseAll(`${path}/${child}`);
  };
  let count = 0;
  const token = (): string => `${name}.${++count};`;
  const inPlace = (): void => {
    const path = anyPath();
    const text = token() + 'x'.repeat(Math.floor(next() * 200));
    const { O_RDWR, O_CREAT, O_NOFOLLOW } = system.constants;
    const fd = system.openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o644);
    try {
      const before = system.readFileSync(fd, 'latin1');
      if (before !== '') note('replaced', before, 'truncated', path);
      system.ftruncateSync(fd, 0);
      // Between open and write the path may have become another file; then this inode is not at a path any more.
      system.writeSync(fd, text, 0);
      note('written', text, 'in place', path);
    } finally {
      system.closeSync(fd);
    }
  };
  const byRename = (): void => {
    const path = anyPath();
    const text = token();
    const temporary = `${root}/.cai-writer-${name}-${count}`;
    system.writeFileSync(temporary, text);
    try {
      if (isLink(path) || excuse(path)) system.renameSync(temporary, path);
      else system.linkSync(temporary, path);
      note('written', text, 'by rename', path);
      system.rmSync(temporary, { force: true });
    } catch (error) {
      system.rmSync(temporary, { force: true });
      throw error;
    }
  };
  /** Changes a file in place through a descriptor, so that it is known exactly what became of what. */
  const edit = (change: (fd: number, before: string) => string): void => {
    const { O_RDWR, O_APPEND, O_NOFOLLOW } = system.constants;
    const path = anyPath();
    const fd = system.openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW);
    try {
      const before = system.readFileSync(fd, 'latin1');
      note('replaced', before, 'edit', path);
      const after = change(fd, before);
      if (after !== '') note('written', after, 'edit', path);
    } finally {
      system.closeSync(fd);
    }
  };
  const append = (): void =>
    edit((fd, before) => {
      const more = token();
      system.writeSync(fd, more);
      return before + more;
    });
  const truncate = (): void =>
    edit((fd, before) => {
      const length = Math.floor(next() * before.length);
      system.ftruncateSync(fd, length);
      return before.slice(0, length);
    });
  const git = (...args: string[]): void => {
    const where = [`--git-dir=${repository}`, `--work-tree=${root}`];
    const who = [
      '-c',
      'user.name=w',
      '-c',
      'user.email=w@example.com',
      '-c',
      'core.autocrlf=false',
    ];
    run?.('git', [...who, ...where, ...args], { cwd: root, stdio: 'ignore' });
  };
  let branches = 0;
  /** A new branch with what is there now, or one of those there are: then git replaces and removes. */
  const checkout = (): void => {
    if (repository === undefined) return;
    if (branches === 0) git('init', '-q');
    if (branches < 4) {
      git('checkout', '-q', '--orphan', `b${++branches}`);
      git(
        'add',
        '-f',
        '--',
        ...options.first.filter((path) => system.existsSync(`${root}/${path}`)),
      );
      git('commit', '-q', '--allow-empty', '-m', 'w');
      return;
    }
    // Git does not tell what it replaces: more than one look, for what is away for an instant.
    for (let round = 0; round < 3; round += 1) {
      for (const path of options.first) excuseAll(`${root}/${path}`);
      Atomics.wait(pause, 0, 0, 2);
    }
    git('checkout', '-q', '-f', `b${1 + Math.floor(next() * branches)}`);
  };
  const actions: Record<string, () => void> = {
    inPlace,
    byRename,
    append,
    truncate,
    checkout,
    mkdir: () => system.mkdirSync(anyPath()),
    remove: () => {
      const path = anyPath();
      if (isLink(path) || excuse(path)) system.unlinkSync(path);
    },
    removeTree: () => removeSeen(anyPath()),
    rmdir: () => system.rmdirSync(anyPath()),
    move: () => {
      const [from, to] = [anyPath(), anyPath()];
      const there = system.lstatSync(to, { throwIfNoEntry: false });
      // A directory never replaces a file that came back.
      if (there === undefined && !system.lstatSync(from).isDirectory()) {
        system.linkSync(from, to);
        system.unlinkSync(from);
      } else if (there?.isFile() !== true || excuse(to)) system.renameSync(from, to);
    },
    chmod: () => system.chmodSync(anyPath(), next() < 0.5 ? 0o755 : 0o644),
    // Clocks jump: a modification time far in the past or in the future says nothing.
    touch: () => {
      const time = Math.floor(next() * 4e9);
      system.utimesSync(anyPath(), time, time);
    },
    // Links lead nowhere: a file with two names would be two files to the oracle.
    link: () => system.symlinkSync(`${pick(names)}.nowhere`, anyPath()),
  };
  const weights: [string, number][] = [
    ['inPlace', 6],
    ['byRename', 6],
    ['append', 1],
    ['truncate', 0.5],
    ['touch', 0.5],
    ['checkout', repository === undefined ? 0 : 0.1],
    ['mkdir', 3],
    ['remove', 2],
    ['removeTree', 0.4],
    ['rmdir', 0.5],
    ['move', 2],
    ['chmod', 1],
    ['link', 0.7],
  ];
  const bag: string[] = [];
  for (const [kind, weight] of weights) {
    if (options.without?.includes(kind)) continue;
    for (let i = 0; i < weight * 10; i++) bag.push(kind);
  }
  for (let i = 0; i < operations; i++) {
    const kind = pick(bag);
    try {
      actions[kind]?.();
      log.done[kind] = (log.done[kind] ?? 0) + 1;
    } catch {
      // Most random operations have nothing to work on; that is part of the game.
    }
    if (options.restUs > 0) Atomics.wait(pause, 0, 0, (next() * options.restUs) / 1000);
  }
  if (logged !== undefined) system.closeSync(logged);
  return log;
}

/** Program text for `new Worker(text, { eval: true, workerData: options })`; posts the log. */
export function writerThread(): string {
  return `const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${write.toString()})(require('node:fs'), workerData, require('node:child_process').spawnSync));`;
}

/** Program text for a `node` that reads it off its standard input, in a container. */
export function writerProgram(options: WriterOptions): string {
  return `(${write.toString()})(require('node:fs'), ${JSON.stringify(options)}, require('node:child_process').spawnSync);`;
}
