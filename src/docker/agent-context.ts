/**
 * What the agent image is built from: a Dockerfile as text, and this program's own files. Found from the
 * bundle's own directory, so that an installation without its sources can build the image too.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CaiError } from '../errors.ts';
import { agentHome, agentPrograms, agentUser, agentWorkspace } from './agent-places.ts';

export interface ContextFile {
  readonly name: string;
  readonly content: Buffer;
  readonly mode: number;
}

const guests = ['agent.cjs', 'volume.cjs', 'image-setup.cjs', 'image-start.cjs', 'ssh-relay.cjs'];
const programs = [...guests, 'sync-manifest.toml'];

// No RUN needs a shell: a base image need hold no more than node.
const dockerfile = `ARG BASE_IMAGE
FROM \${BASE_IMAGE}
USER 0:0
COPY files/ ${agentPrograms}/
RUN ["node", "${agentPrograms}/image-setup.cjs"]
ENV HOME=${agentHome} USER=${agentUser.name}
WORKDIR ${agentWorkspace}
USER ${agentUser.uid}:${agentUser.gid}
ENTRYPOINT ["node", "${agentPrograms}/image-start.cjs"]
CMD []
`;

/** All files of the build's context, in a fixed order. */
export function agentContext(): readonly ContextFile[] {
  const dist = distDirectory();
  const read = (name: string): Buffer => readPart(dist, name);
  const files = [
    ...bundleFiles(read).map((name) => ({ name, content: read(name), mode: 0o755 })),
    ...programs.map((name) => ({ name, content: read(name), mode: 0o644 })),
    { name: 'package.json', content: Buffer.from('{"type":"module"}\n'), mode: 0o644 },
  ];
  return [
    { name: 'Dockerfile', content: Buffer.from(dockerfile), mode: 0o644 },
    ...files.map((file) => ({ ...file, name: `files/${file.name}` })),
  ];
}

/** Digest of a context: images of the same content are the same image. */
export function contextDigest(files: readonly ContextFile[]): string {
  const hash = createHash('sha256');
  for (const { name, content, mode } of files)
    hash.update(`${name}\0${mode}\0${content.length}\0`).update(content);
  return hash.digest('hex');
}

/** The command line's entry and the chunks that can be reached from it; older chunks lie beside them. */
function bundleFiles(read: (name: string) => Buffer): readonly string[] {
  const found = new Set(['cai.js']);
  for (const name of found)
    for (const match of read(name)
      .toString('utf8')
      .matchAll(/["']\.\/(chunk-[\w.-]+\.js)["']/g))
      found.add(match[1] as string);
  return [...found].sort();
}

function distDirectory(): string {
  // From the bundle it is its own directory; from the sources (tests) the build's.
  const places = ['.', '../../dist'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find((place) => existsSync(join(place, 'cai.js'))) ?? (places[0] as string);
}

function readPart(dist: string, name: string): Buffer {
  try {
    return readFileSync(join(dist, name));
  } catch (error) {
    throw new CaiError('INTERNAL', `${name} is missing from this installation.`, {
      path: join(dist, name),
      next: 'Install it again, or run `npm run build`.',
      cause: error,
    });
  }
}
