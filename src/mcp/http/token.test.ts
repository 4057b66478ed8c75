/** The token: made once, for its owner alone, compared as a whole. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeNeeding } from '../../../test/support/needs.ts';
import { smallDisk } from '../../../test/support/small-disk.ts';
import { useState } from '../../control/test-state.ts';
import { isAuthorized, openToken } from './token.ts';

test('is made once, and anew on request', () => {
  const file = join(useState(), 'state', 'mcp-token');
  const { value } = openToken();
  expect(value).toMatch(/^[\w-]{43}$/);
  expect(readFileSync(file, 'utf8')).toBe(`${value}\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(openToken()).toEqual({ value, file });
  expect(openToken({ renew: true }).value).not.toBe(value);
});

test('a file that others may read, and a token that can be guessed, are refused', () => {
  const file = join(useState(), 'token');
  writeFileSync(file, 'a-long-enough-token');
  chmodSync(file, 0o644);
  expect(() => openToken({ file })).toThrow('Others may read');
  chmodSync(file, 0o600);
  expect(openToken({ file }).value).toBe('a-long-enough-token');
  writeFileSync(file, 'short');
  expect(() => openToken({ file })).toThrow('too short');
});

test.each([
  ['Bearer the-token-that-is-right', true],
  ['bearer the-token-that-is-right ', true],
  ['Bearer the-token-that-is-righ', false],
  ['Bearer the-token-that-is-right2', false],
  ['Bearer', false],
  ['the-token-that-is-right', false],
  [null, false],
])('%s', (header, good) => {
  expect(isAuthorized(header, { value: 'the-token-that-is-right' })).toBe(good);
});

describeNeeding(['mount'], 'on a full disk', () => {
  test('none is made, and the next start makes one', () => {
    const page = 4096;
    const directory = smallDisk(2 * page);
    const [file, filler] = [join(directory, 'token'), join(directory, 'filler')];
    writeFileSync(filler, Buffer.alloc(2 * page));
    expect(() => openToken({ file })).toThrow('ENOSPC');
    expect(readdirSync(directory)).toEqual(['filler']);
    rmSync(filler);
    expect(openToken({ file }).value).toHaveLength(43);
    expect(readdirSync(directory)).toEqual(['token']);
  });
});
