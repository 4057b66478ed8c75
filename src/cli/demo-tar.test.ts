import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../test/support/tree.ts';
import { tar } from './demo-tar.ts';

test('tar itself reads the archive', async () => {
  const dir = temporaryDirectory();
  const contents = { empty: '', block: 'x'.repeat(512), more: 'y'.repeat(70_001) };
  for (const [name, text] of Object.entries(contents)) writeFileSync(join(dir, name), text);
  const long = `${'d'.repeat(90)}/${'e'.repeat(60)}/more`;
  const bytes = await buffer(
    Readable.from(
      tar([
        { path: 'usr/bin', directory: true, mode: 0o755 },
        { path: 'usr/bin/empty', file: join(dir, 'empty'), mode: 0o755 },
        { path: 'block', file: join(dir, 'block'), mode: 0o644 },
        { path: long, file: join(dir, 'more'), mode: 0o600 },
      ]),
    ),
  );
  const out = join(dir, 'out');
  mkdirSync(out);
  execFileSync('tar', ['-x', '-C', out], { input: bytes, stdio: ['pipe', 'inherit', 'inherit'] });
  expect(readFileSync(join(out, 'usr/bin/empty'), 'utf8')).toBe('');
  expect(statSync(join(out, 'usr/bin/empty')).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(out, 'block'), 'utf8')).toBe(contents.block);
  expect(readFileSync(join(out, long), 'utf8')).toBe(contents.more);
});
