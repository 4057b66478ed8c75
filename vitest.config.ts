/**
 * Two groups of tests: everything beside the code, then what drives real containers (test/e2e and
 * *.container.test.ts); two files at a time, since most of the time they wait for something.
 */
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const withContainers = ['test/e2e/**/*.test.ts', '{src,test}/**/*.container.test.ts'];
const required = process.env.CAI_TEST_REQUIRE === 'all';

export default defineConfig({
  define: { __CAI_VERSION__: JSON.stringify(version) },
  test: {
    pool: 'forks',
    reporters: ['default', './test/support/reporter.ts'],
    allowOnly: !required && process.env.CI === undefined,
    projects: [
      {
        extends: true,
        test: {
          name: 'code',
          globalSetup: './test/support/global-setup.ts',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: withContainers,
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'containers',
          globalSetup: './test/support/global-setup.ts',
          include: withContainers,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
