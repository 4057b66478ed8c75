/**
 * Which rsync may be used. What sits in the container is hostile to the one on the host, so that one must
 * have the fixes of January 2025 (heap overflow, leaks, paths outside): they came with protocol 32, which
 * distributions raised in their older versions too. In the container any with the options used will do.
 */

/** What is known of a side's rsync. */
export type RsyncFound =
  | { readonly ok: true; readonly version: string; readonly protocol: number }
  | { readonly ok: false; readonly why: string };

/** rsync 3.4.0, and older ones with the fixes. */
const hostProtocol = 32;
/** rsync 3.1.0. */
const farProtocol = 31;

/** Reads what `rsync --version` prints. */
export function parseVersion(output: string): RsyncFound {
  const match = /^rsync\s+version\s+v?([\w.+~-]{1,40})\s+protocol version (\d{1,4})/m.exec(output);
  const [, version, protocol] = match ?? [];
  if (version === undefined || protocol === undefined)
    return { ok: false, why: 'what is called rsync there is another program' };
  return { ok: true, version, protocol: Number(protocol) };
}

/** Why the two cannot be used together; undefined when they can. */
export function rsyncFault(host: RsyncFound, far: RsyncFound): string | undefined {
  if (!host.ok) return `on the host, ${host.why}`;
  if (host.protocol < hostProtocol)
    return `the host's rsync ${host.version} lacks the security fixes of 3.4.0 (protocol ${host.protocol}, needed: ${hostProtocol})`;
  if (!far.ok) return `in the container, ${far.why}`;
  if (far.protocol < farProtocol)
    return `the container's rsync ${far.version} is too old (protocol ${far.protocol}, needed: ${farProtocol})`;
  return undefined;
}
