/** Real processes that end, hang and are told to stop. */
import { expect, test } from 'vitest';
import { waitFor } from '../../test/support/wait.ts';
import { supervise } from './supervise.ts';

const node = (script: string) => [process.execPath, '-e', script];

interface Running {
  readonly lines: readonly string[];
  readonly count: (text: string) => number;
  stop(): Promise<void>;
}

function run(command: readonly string[], graceMs = 3000): Running {
  const controller = new AbortController();
  const lines: string[] = [];
  const ended = supervise([{ name: 'one', command }], {
    signal: controller.signal,
    log: (name, line) => void lines.push(`${name}: ${line}`),
    graceMs,
    firstDelayMs: 10,
  });
  return {
    lines,
    count: (text) => lines.filter((line) => line.includes(text)).length,
    stop() {
      controller.abort();
      return ended;
    },
  };
}

test('what ends is started again, and what it says is told', async () => {
  const running = run(node('console.log("hello"); process.exitCode = 3'));
  await waitFor(() => running.count('one: hello') >= 2);
  expect(running.count('ended (3); starting again in 10 ms')).toBe(1);
  await running.stop();
});

test('what cannot be run is told', async () => {
  const running = run(['/nowhere/program']);
  await waitFor(() => running.count('cannot be run') >= 1);
  await running.stop();
});

test('what listens ends by itself, what does not is ended', async () => {
  const gentle = run(
    node(
      'console.log("up"); process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e3)',
    ),
  );
  await waitFor(() => gentle.count('up') === 1);
  await gentle.stop();
  const deaf = run(
    node('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1e3)'),
    50,
  );
  await waitFor(() => deaf.count('up') === 1);
  await deaf.stop();
  expect(deaf.count('starting again')).toBe(0);
});
