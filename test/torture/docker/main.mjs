/**
 * Stands in for the docker command, to stand in the middle of a session's link: `node main.mjs PLAN ARGS`.
 * With an engine in the plan everything else goes there; without one there is a container of one process,
 * whose files are this machine's. The n-th link gets the n-th deed of the plan; later ones are honest.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { relay } from './relay.mjs';

const [planFile, ...args] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, 'utf8'));
const [command] = args;

if (command === 'exec' && args.includes('--interactive')) {
  relay(commandOf(), plan.deeds[nextLink()] ?? { kind: 'honest' });
} else if (plan.engine !== undefined) {
  const child = spawn(plan.engine[0], [...plan.engine.slice(1), ...args], { stdio: 'inherit' });
  child.on('close', (code) => process.exit(code ?? 1));
  process.on('SIGTERM', () => child.kill());
} else if (command === 'inspect') {
  const State = { Running: true, Status: 'running' };
  const info = { Id: 'f'.repeat(64), Name: '/fake', Created: '2020-01-01T00:00:00Z', State };
  process.stdout.write(`${JSON.stringify(info)}\n`);
} else if (command === 'events') {
  setInterval(() => {}, 60_000);
} else {
  process.stderr.write(`Error: no such ${command}\n`);
  process.exitCode = 1;
}

function commandOf() {
  if (plan.engine !== undefined) return [...plan.engine, ...args];
  return [process.execPath, ...args.slice(args.indexOf('node') + 1)];
}

/** Links are counted in a file: each is another process. */
function nextLink() {
  appendFileSync(plan.links, '.');
  return statSync(plan.links).size - 1;
}
