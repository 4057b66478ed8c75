/**
 * How a test says what it needs of the machine. What is not there is skipped by name, with the
 * command that would enable it; with CAI_TEST_REQUIRE=all it fails instead. Nothing else may skip.
 */
import { describe, inject, test } from 'vitest';

export type Need =
  | 'docker'
  | 'docker-compose'
  | 'rsync'
  | 'sshd'
  | 'git'
  | 'root'
  | 'mount'
  | 'linux';

/** Like describe(NAME, BODY), for tests that work only where all of `needs` are met. */
export function describeNeeding(needs: readonly Need[], name: string, body: () => void): void {
  const unmet = inject('unmet');
  const missing = needs.filter((need) => unmet[need] !== undefined);
  if (missing.length === 0) {
    describe(name, body);
    return;
  }
  const reason = missing.map((need) => `needs ${need}: ${unmet[need]}`).join('; ');
  if (process.env.CAI_TEST_REQUIRE === 'all') {
    test(name, () => {
      throw new Error(`CAI_TEST_REQUIRE=all, but this test ${reason}`);
    });
    return;
  }
  describe.skip(`${name} (${reason})`, body);
}
