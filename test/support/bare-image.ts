/** An image with one program and the library that it needs: no shell, no node, nothing else. */
import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import { docker, images } from './container.ts';

const dockerfile = `FROM ${images.plain} AS base
FROM scratch
COPY --from=base /usr/bin/sleep /app
COPY --from=base /usr/lib/*-linux-gnu/libc.so.6 /lib/
COPY --from=base /usr/lib/*-linux-gnu/ld-linux-*.so.* /lib/
COPY --from=base /usr/lib/*-linux-gnu/ld-linux-*.so.* /lib64/
WORKDIR /work
CMD ["/app", "infinity"]
`;

const made: string[] = [];

/** Its name; it has an empty directory /work, and is removed when the test file ends. */
export async function bareImage(): Promise<string> {
  const name = `cai-test-bare-${randomBytes(5).toString('hex')}`;
  made.push(name);
  await docker(['build', '--quiet', '--tag', name, '-'], { input: dockerfile });
  return name;
}

// Containers of it are removed by the hook of container.ts, which is registered before this one and
// so runs after it: the image goes by force, its layers with the last container.
afterAll(async () => {
  for (const name of made) await docker(['image', 'rm', '--force', name], { anyCode: true });
});
