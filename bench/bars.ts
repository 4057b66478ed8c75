/** What cai is held to. Pure: a bar is missed or passed by the medians of one run. */
import type { Measure, RowName } from './measure.ts';
import type { Form } from './pair.ts';
import { median, quantile } from './statistics.ts';

export interface Judgement {
  readonly form: Form;
  readonly bar: string;
  readonly value: number;
  readonly limit: number;
  readonly pass: boolean;
}

interface Bar {
  readonly bar: string;
  readonly limit: number;
  /** Undefined where it was not measured. */
  readonly value: (rows: Rows) => number | undefined;
}

type Rows = (row: RowName, peer?: string) => readonly number[] | undefined;

const mib = 1024 * 1024;

const at =
  (row: RowName, share: number, scale = 1) =>
  (rows: Rows) => {
    const values = rows(row);
    return values === undefined ? undefined : quantile(values, share) / scale;
  };

const ratio = (a: readonly number[] | undefined, b: readonly number[] | undefined) =>
  a === undefined || b === undefined ? undefined : median(a) / median(b);

const bars: readonly Bar[] = [
  { bar: 'edit → p50, ms', limit: 5, value: at('edit-4k →', 0.5) },
  { bar: 'edit → p95, ms', limit: 25, value: at('edit-4k →', 0.95) },
  { bar: 'edit ← p50, ms', limit: 5, value: at('edit-4k ←', 0.5) },
  { bar: 'edit ← p95, ms', limit: 25, value: at('edit-4k ←', 0.95) },
  {
    bar: 'edit → in the large tree to 4,000 files, p50',
    limit: 1.5,
    value: (rows) => ratio(rows('edit-100k →'), rows('edit-4k →')),
  },
  {
    bar: 'edit ← in the large tree to 4,000 files, p50',
    limit: 1.5,
    value: (rows) => ratio(rows('edit-100k ←'), rows('edit-4k ←')),
  },
  { bar: 'edit → in all of 16, p50, ms', limit: 30, value: at('fan-out →', 0.5) },
  { bar: 'edit ← in all of 16, p50, ms', limit: 30, value: at('fan-out ←', 0.5) },
  {
    bar: 'first sync of 20,000 files to rsync -a',
    limit: 1.5,
    value: (rows) => ratio(rows('first-sync'), rows('first-sync', 'rsync -a')),
  },
  {
    bar: 'first sync of the large tree to rsync -a between directories',
    limit: 1.2,
    value: (rows) => ratio(rows('bulk'), rows('bulk-rsync')),
  },
  {
    bar: '1 MB changed in 256 MiB → to rsync -a',
    limit: 1.5,
    value: (rows) => ratio(rows('delta →'), rows('delta-rsync')),
  },
  {
    bar: '1 MB changed in 256 MiB → MB through the link',
    limit: 1.5,
    value: at('delta-bytes →', 0.5, 1e6),
  },
  {
    bar: '1 MB changed in 256 MiB ← MB through the link',
    limit: 1.5,
    value: at('delta-bytes ←', 0.5, 1e6),
  },
  { bar: '20 such files at once, host MiB', limit: 150, value: at('delta-20-host', 0.5, mib) },
  { bar: '20 such files at once, agent MiB', limit: 120, value: at('delta-20-agent', 0.5, mib) },
  { bar: '2,000 files rewritten, ms', limit: 1000, value: at('rewrite', 0.5) },
  { bar: 'directory of 2,000 files moved, ms', limit: 500, value: at('move', 0.5) },
  // Names and digests of 2,000 files; their contents would be forty times that.
  {
    bar: 'bytes through the link a moved file of 20 kB',
    limit: 1000,
    value: at('move-bytes', 0.5, 2000),
  },
  { bar: 'idle in the large tree, CPU ms a second', limit: 2, value: at('idle-cpu', 0.5) },
  { bar: 'idle in the large tree, host MiB', limit: 150, value: at('idle-rss', 0.5, mib) },
  { bar: 'idle in the large tree, agent MiB', limit: 120, value: at('idle-rss-agent', 0.5, mib) },
];

/** Every bar that something was measured for. */
export function judge(measures: readonly Measure[], forms: readonly Form[]): Judgement[] {
  return forms.flatMap((form) => {
    const rows: Rows = (row, peer = 'cai') =>
      measures.find((each) => each.row === row && each.form === form && each.peer === peer)?.values;
    return bars.flatMap(({ bar, limit, value }) => {
      const measured = value(rows);
      if (measured === undefined) return [];
      return [{ form, bar, value: measured, limit, pass: measured <= limit }];
    });
  });
}
