/**
 * A puppet in another process, usually in a container: one long-lived `node -e SCRIPT`, one JSON line
 * a request and an answer. So what is timed is the synchronisation, not the start of processes.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CaiError } from '../errors.ts';
import type { Deed, PictureRow, Puppet, Seen, Sight } from './demo-puppet.ts';
import { puppetNames, puppetSource } from './demo-puppet.ts';

type Request =
  | { readonly call: 'act'; readonly deeds: readonly Deed[] }
  | { readonly call: 'watchFor'; readonly sights: readonly Sight[]; readonly deadlineMs: number }
  | { readonly call: 'picture'; readonly without: readonly string[] }
  | { readonly call: 'close' };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: Error) => void;
}

/** Starts `COMMAND … node -e SCRIPT` for the tree at `root`, which it makes; the command is all but that end. */
export function remotePuppet(command: readonly string[], root: string): Puppet {
  const [file, ...args] = [...command, 'node', '-e', puppetScript(root)];
  const child = spawn(file as string, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C in a terminal is not for it: it ends when its standard input does.
    detached: process.platform !== 'win32',
  });
  const call = caller(child);
  return {
    act: async (deeds) => (await call({ call: 'act', deeds })) as number,
    watchFor: async (sights, deadlineMs) =>
      (await call({ call: 'watchFor', sights, deadlineMs })) as Seen,
    picture: async (without) => (await call({ call: 'picture', without })) as PictureRow[],
    close: async () => {
      await call({ call: 'close' }).catch(() => {});
      child.kill();
    },
  };
}

function puppetScript(root: string): string {
  const { performAll, watchUntil, takePicture } = puppetNames;
  return `'use strict';
${puppetSource()}
const { execFile } = require('node:child_process');
const { createHash } = require('node:crypto');
const system = { fs: require('node:fs'), path: require('node:path'), execFile, createHash };
const root = ${JSON.stringify(root)};
system.fs.mkdirSync(root, { recursive: true });
const calls = {
  act: ({ deeds }) => ${performAll}(system, root, deeds),
  watchFor: ({ sights, deadlineMs }) => ${watchUntil}(system, root, sights, deadlineMs),
  picture: ({ without }) => ${takePicture}(system, root, without),
  close: () => { setImmediate(() => process.exit(0)); },
};
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', async (line) => {
  const request = JSON.parse(line);
  let answer = { id: request.id };
  try { answer.result = await calls[request.call](request); } catch (error) { answer.error = error.message; }
  process.stdout.write(JSON.stringify(answer) + '\\n');
});`;
}

function caller(child: ChildProcessWithoutNullStreams): (request: Request) => Promise<unknown> {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let said = '';
  let gone: Error | undefined;
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  const fail = (why: string) => {
    gone ??= new CaiError('LINK', `The demonstration's helper process ended: ${why}`.trim());
    for (const { reject } of waiting.values()) reject(gone);
    waiting.clear();
  };
  child.on('error', (error) => fail(error.message));
  child.on('close', () => fail(said));
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as {
      readonly id: number;
      readonly result?: unknown;
      readonly error?: string;
    };
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(result);
    else call?.reject(new CaiError('IO', error));
  });
  return (request) =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone);
      last += 1;
      waiting.set(last, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ id: last, ...request })}\n`);
    });
}
