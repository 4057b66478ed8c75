import { expect, test } from 'vitest';
import { parseLdd } from './demo-image.ts';

test('libraries in the output of ldd, of glibc and of musl', () => {
  const glibc = `\tlinux-vdso.so.1 (0x00007ffd)
\tlibdl.so.2 => /lib/x86_64-linux-gnu/libdl.so.2 (0x00007f01)
\tlibmissing.so.1 => not found
\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)\n`;
  expect(parseLdd(glibc)).toEqual([
    '/lib/x86_64-linux-gnu/libdl.so.2',
    '/lib64/ld-linux-x86-64.so.2',
  ]);
  const musl = `\t/lib/ld-musl-x86_64.so.1 (0x7f7c)
\tlibstdc++.so.6 => /usr/lib/libstdc++.so.6 (0x7f7d)
\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7f7c)\n`;
  expect(parseLdd(musl)).toEqual(['/lib/ld-musl-x86_64.so.1', '/usr/lib/libstdc++.so.6']);
  expect(parseLdd('\tnot a dynamic executable\n')).toEqual([]);
});
