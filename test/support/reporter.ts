/**
 * The end of a run: every skipped test by name with its reason, every failed one, and the counts on one line. With
 * CAI_TEST_REQUIRE=all a skip is a failure; a skip that is not describeNeeding's is named as such.
 * CAI_TEST_RESULT names a file for the counts as JSON, for scripts/test.mjs.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { skipReason } from './skip.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts: Counts = { passed: 0, failed: errors.length, skipped: 0 };
    const lines = modules.flatMap((module) => countModule(module, counts));
    if (process.env.CAI_TEST_REQUIRE === 'all' && counts.skipped > 0) {
      lines.push(`CAI_TEST_REQUIRE=all: ${counts.skipped} skipped tests count as failures`);
      counts.failed += counts.skipped;
      counts.skipped = 0;
      process.exitCode = 1;
    }
    const total = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    const result = process.env.CAI_TEST_RESULT;
    if (result === undefined) lines.push(total);
    else writeFileSync(result, JSON.stringify(counts));
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
}

/** Adds a file's tests to the counts; answers with a line for each skipped one. */
function countModule(module: TestModule, counts: Counts): string[] {
  const lines: string[] = [];
  let failed = 0;
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state === 'failed') {
      failed += 1;
      const [why] = errors?.[0]?.message.split('\n') ?? [];
      lines.push(`failed: ${module.relativeModuleId} > ${test.fullName}: ${why ?? ''}`);
    } else {
      counts.skipped += 1;
      lines.push(skipLine(module.relativeModuleId, test.fullName));
    }
  }
  // A file that breaks outside its tests (on import, in a hook) is a failure too.
  if (failed === 0 && !module.ok()) lines.push(`failed: ${module.relativeModuleId}`);
  counts.failed += failed === 0 && !module.ok() ? 1 : failed;
  return lines;
}

function skipLine(file: string, fullName: string): string {
  const reason = skipReason(fullName);
  if (reason === undefined)
    return `skipped: ${file} > ${fullName} (no reason given: use describeNeeding)`;
  return `skipped: ${file} > ${fullName.replace(` (${reason})`, '')} (${reason})`;
}

export default SummaryReporter;
