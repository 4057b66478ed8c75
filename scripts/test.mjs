/**
 * `npm test [-- FILTER …]`: sets up what is missing, says what this machine can test, runs all of that,
 * and ends with the counts on a line of their own. With CAI_TEST_REQUIRE=all nothing may be skipped.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { home } from './fresh.mjs';
import { answers, probe } from './probe.mjs';
import { setup } from './setup.mjs';
import { makeTestImages } from './test-image.mjs';

setup();
prepareImages();
for (const { need, met, enable } of probe()) {
  process.stdout.write(met ? `${need}: yes\n` : `${need}: no; to enable: ${enable}\n`);
}
const { counts, status } = await runTests(process.argv.slice(2));
if (counts.passed + counts.failed === 0) process.stdout.write('no test was run\n');
process.stdout.write(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`,
);
process.exitCode = status !== 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0;

/** Without images the container tests are skipped (or fail, when nothing may be skipped). */
function prepareImages() {
  if (!answers('docker', ['info'])) return;
  try {
    makeTestImages({ say: (line) => process.stdout.write(`${line}\n`) });
  } catch (error) {
    process.stdout.write(`the images for container tests could not be made: ${error.message}\n`);
  }
}

async function runTests(filters) {
  const work = mkdtempSync(join(tmpdir(), 'cai-result-'));
  const result = join(work, 'counts.json');
  const vitest = join(home, 'node_modules', 'vitest', 'vitest.mjs');
  try {
    const tests = spawn(process.execPath, [vitest, 'run', ...filters], {
      cwd: home,
      stdio: 'inherit',
      env: { ...process.env, CAI_TEST_RESULT: result },
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => tests.kill(signal));
    const [status] = await once(tests, 'exit');
    return { counts: readCounts(result), status: status ?? 1 };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A run that wrote no counts did not come to its end. */
function readCounts(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
