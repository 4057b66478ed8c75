/**
 * `npm run torture -- [--minutes N] [--seed S] [--only NAME]`: the long form of test/torture and of the
 * enumeration of small trees. Prints what was done as a table; a failure names the command that repeats it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { home } from './fresh.mjs';
import { probe } from './probe.mjs';
import { setup } from './setup.mjs';
import { makeTestImages } from './test-image.mjs';
import { oneOf, orUsage } from './usage.mjs';

const names = ['histories', 'faults', 'hostile', 'disk-faults'];
const usage = `npm run torture -- [--minutes N] [--seed S] [--only NAME]

  --minutes N   how long, shared among all; 10 unless told otherwise
  --seed S      the seed that a failure named
  --only NAME   ${names.join(', ')}
`;
const values = orUsage(usage, parse);

setup();
if (probe().some(({ need, met }) => need === 'docker' && met)) {
  makeTestImages({ say: (line) => process.stdout.write(`${line}\n`) });
}
process.exitCode = await run();

function parse() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  if (!(Number(values.minutes) > 0)) throw new Error('--minutes must be a number above 0');
  if (values.only !== undefined) oneOf('--only', names, [values.only]);
  return values;
}

async function run() {
  const work = mkdtempSync(join(tmpdir(), 'cai-torture-'));
  const report = join(work, 'report');
  const vitest = join(home, 'node_modules', 'vitest', 'vitest.mjs');
  const filters =
    values.only === undefined
      ? ['test/torture', 'src/tree/reconcile-enumeration']
      : ['test/torture', '-t', `\\b${values.only}$`];
  try {
    const tests = spawn(process.execPath, [vitest, 'run', ...filters], {
      cwd: home,
      stdio: 'inherit',
      env: { ...process.env, ...settings(report) },
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => tests.kill(signal));
    const [status] = await once(tests, 'exit');
    print(report);
    return status ?? 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function settings(report) {
  const { minutes, seed, only } = values;
  return {
    CAI_LONG: '1',
    CAI_TORTURE_MINUTES: minutes,
    CAI_TORTURE_REPORT: report,
    ...(seed === undefined ? {} : { CAI_TEST_SEED: seed }),
    ...(only === undefined ? {} : { CAI_TORTURE_ONLY: only }),
  };
}

function print(report) {
  if (!existsSync(report)) return;
  for (const line of readFileSync(report, 'utf8').split('\n').filter(Boolean)) {
    const { name, seed, rounds, seconds, ...figures } = JSON.parse(line);
    const counts = Object.entries(figures).map(([what, count]) => `${count} ${what}`);
    process.stdout.write(
      `${name}: seed ${seed}, ${rounds} rounds in ${seconds} s: ${counts.join(', ')}\n`,
    );
  }
}
