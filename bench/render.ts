/** Measures as tables in Markdown, which are readable on a terminal too. Pure. */
import type { Judgement } from './bars.ts';
import type { Measure, RowName } from './measure.ts';
import type { Form } from './pair.ts';
import { quantile } from './statistics.ts';

interface Row {
  readonly row: RowName;
  readonly label: string;
  readonly show: (values: readonly number[]) => string;
}

const two = (values: readonly number[]) =>
  `${ms(quantile(values, 0.5))} / ${ms(quantile(values, 0.95))}`;
const one = (values: readonly number[]) => ms(quantile(values, 0.5));
const mib = (values: readonly number[]) => `${(quantile(values, 0.5) / 1024 ** 2).toFixed(1)} MiB`;

function rowsFor(largeFiles: number): readonly Row[] {
  const n = largeFiles.toLocaleString('en');
  return [
    { row: 'edit-4k →', label: 'one edit in 4,000 files →, p50 / p95 ms', show: two },
    { row: 'edit-4k ←', label: 'one edit in 4,000 files ←, p50 / p95 ms', show: two },
    { row: 'edit-100k →', label: `one edit in ${n} files →, p50 / p95 ms`, show: two },
    { row: 'edit-100k ←', label: `one edit in ${n} files ←, p50 / p95 ms`, show: two },
    { row: 'fan-out →', label: 'one edit → in all of 16, p50 / p95 ms', show: two },
    { row: 'fan-out ←', label: 'one edit ← in all of 16 and here, p50 / p95 ms', show: two },
    { row: 'first-sync', label: 'first sync of 20,000 files, ms', show: one },
    { row: 'bulk', label: `first sync of ${n} files of 3.3 kB, ms`, show: one },
    { row: 'bulk-rsync', label: 'the same: rsync -a between two directories', show: one },
    { row: 'delta →', label: '1 MB changed in 256 MiB →, ms', show: one },
    { row: 'delta ←', label: '1 MB changed in 256 MiB ←, ms', show: one },
    { row: 'delta-rsync', label: 'the same →: rsync -a through docker exec', show: one },
    { row: 'delta-bytes →', label: 'the same →: bytes through the link', show: mib },
    { row: 'delta-bytes ←', label: 'the same ←: bytes through the link', show: mib },
    { row: 'delta-after', label: 'the same →: and later, for the history', show: mib },
    { row: 'delta-20', label: '20 such files at once, ms', show: one },
    { row: 'delta-20-host', label: 'the same: peak memory on the host', show: mib },
    { row: 'delta-20-agent', label: 'the same: peak memory of the agent', show: mib },
    { row: 'rewrite', label: '2,000 files rewritten, ms', show: one },
    { row: 'move', label: 'directory of 2,000 files moved, ms', show: one },
    { row: 'move-bytes', label: 'the same: bytes through the link (content: 38.1 MiB)', show: mib },
    { row: 'idle-cpu', label: `idle, ${n} files: CPU ms a second`, show: one },
    { row: 'idle-rss', label: `idle, ${n} files: memory on the host`, show: mib },
    { row: 'idle-rss-agent', label: `idle, ${n} files: memory in the container`, show: mib },
  ];
}

export interface Results {
  readonly measures: readonly Measure[];
  readonly judgements: readonly Judgement[];
  /** Peers in the order of the columns, with their versions. */
  readonly peers: readonly { readonly name: string; readonly version: string }[];
  readonly missing: readonly string[];
  readonly failures: readonly string[];
  readonly largeFiles: number;
  readonly machine: Readonly<Record<string, string>>;
}

export function render(results: Results): string[] {
  const forms = [...new Set(results.measures.map((each) => each.form))];
  return [
    ...forms.flatMap((form) => [...renderForm(form, results), '']),
    ...renderJudgements(results.judgements),
    '',
    ...Object.entries(results.machine).map(([name, value]) => `- ${name}: ${value}`),
    ...results.peers.map(({ name, version }) => `- ${name}: ${version}`),
    ...results.missing.map((name) => `- ${name}: not installed`),
    ...results.failures.map((text) => `- failed: ${text}`),
  ];
}

function renderForm(form: Form, { measures, peers, largeFiles }: Results): string[] {
  const here = measures.filter((each) => each.form === form);
  const columns = peers.filter(({ name }) => here.some((each) => each.peer === name));
  const title = form === 'container' ? 'Through a container' : 'Between two directories';
  const rows = rowsFor(largeFiles).flatMap(({ row, label, show }) => {
    const cells = columns.map(({ name }) => {
      const found = here.find((each) => each.row === row && each.peer === name);
      return found === undefined ? '–' : show(found.values);
    });
    return cells.every((cell) => cell === '–') ? [] : [[label, ...cells]];
  });
  return table([[title, ...columns.map(({ name }) => name)], ...rows]);
}

function renderJudgements(judgements: readonly Judgement[]): string[] {
  const rows = judgements.map(({ form, bar, value, limit, pass }) => [
    bar,
    form,
    ms(value),
    String(limit),
    pass ? 'pass' : 'MISS',
  ]);
  return table([['Bar', 'form', 'measured', 'limit', ''], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[at] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(1, width - 1))}:`)).join(' | ')} |`;
  const [head, ...body] = rows;
  return head === undefined ? [] : [line(head), rule, ...body.map(line)];
}

function ms(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
