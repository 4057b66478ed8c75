import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../test/support/needs.ts';
import { smallDisk } from '../../test/support/small-disk.ts';
import { readJson, writeJson } from './json-file.ts';

describeNeeding(['mount'], 'on a full disk', () => {
  test('the old value stays, whole and alone', () => {
    const page = 4096;
    const disk = smallDisk(30 * page);
    const file = join(disk, 'value.json');
    writeJson(file, 'old');
    // One page more than there is.
    const text = 'x'.repeat(29 * page + 1);
    expect(() => writeJson(file, text)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(readJson(file)).toBe('old');
    expect(readdirSync(disk)).toEqual(['value.json']);
  });
});
