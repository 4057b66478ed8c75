/** What a session does when its user chose nothing else; docs/configuration.md names the same values. */
import type { SessionOptions } from './api.ts';

const day = 24 * 60 * 60 * 1000;
const mib = 1024 ** 2;
const gib = 1024 ** 3;

export const defaultOptions: SessionOptions = {
  mode: 'two-way',
  localChanges: 'live',
  ignore: [],
  allow: [],
  gitignore: true,
  git: false,
  modes: 'portable',
  conflicts: 'merge',
  conflictRules: [],
  mergeBudget: 256 * mib,
  settleMs: 0.5,
  settleMaxMs: 100,
  maxFileSize: 4 * gib,
  transfersAtOnce: 4,
  bandwidth: 0,
  rsync: 'auto',
  history: { maxAgeMs: 14 * day, maxBytes: gib },
  holds: { files: 50, share: 0.25 },
};
