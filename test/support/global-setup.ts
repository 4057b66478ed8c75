/**
 * Runs once before a group's tests: brings dist/ up to date, probes the machine, and sweeps away the
 * containers that a killed earlier run left behind; afterwards removes those of this run.
 */
import type { TestProject } from 'vitest/node';
import { build } from '../../scripts/build.mjs';
import { probe } from '../../scripts/probe.mjs';
import { removeOfRun, runId, sweepDeadRuns } from './runs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Needs that this machine does not meet, with the command that would meet them. */
    unmet: Record<string, string>;
    runId: string;
    /** Why dist/ could not be built; '' when it was. */
    buildError: string;
  }
}

export async function setup(project: TestProject): Promise<() => void> {
  const needs = probe();
  const hasDocker = needs.some(({ need, met }) => need === 'docker' && met);
  if (hasDocker) sweepDeadRuns();
  project.provide('unmet', unmetOf(needs));
  project.provide('runId', runId());
  project.provide('buildError', await buildFault());
  return () => {
    if (hasDocker) removeOfRun(runId());
  };
}

function unmetOf(needs: ReturnType<typeof probe>): Record<string, string> {
  return Object.fromEntries(
    needs.filter(({ met }) => !met).map(({ need, enable }) => [need, enable]),
  );
}

/** A build that fails fails the tests that need it (test/support/built.ts), and no others. */
async function buildFault(): Promise<string> {
  try {
    await build();
    return '';
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`dist/ could not be built: ${text}\n`);
    return text === '' ? 'unknown reason' : text;
  }
}
