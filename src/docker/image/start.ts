/**
 * First process of a container of the agent image: moves configuration into the data volume (`cai sync`),
 * says that the container is ready, then runs the command it was given, or waits to be stopped.
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { agentPrograms } from '../agent-places.ts';
import { readyLine } from '../agent-ready.ts';

const sync = spawnSync(process.execPath, [`${agentPrograms}/cai.js`, 'sync'], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
// A container in which links are missing is of more use than none.
if (sync.status !== 0)
  process.stderr.write('cai sync did not succeed; run it again in the container.\n');
process.stdout.write(`${readyLine}\n`);

const [command, ...args] = process.argv.slice(2);
if (command === undefined) idle();
else run(command, args);

function idle(): void {
  const timer = setInterval(() => {}, 2 ** 30);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      clearInterval(timer);
      process.exit(0);
    });
}

function run(program: string, rest: readonly string[]): void {
  const child = spawn(program, rest, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(127);
  });
  child.once('exit', (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
}
