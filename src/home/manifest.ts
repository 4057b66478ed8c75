/**
 * A sync manifest: what of a home directory belongs into a data volume, and under which name. Every
 * entry is checked; an error names the file and the line. Pure.
 */
import { parseToml, schemaError, type TomlFile } from '../config/toml.ts';
import { isTable, SchemaFault, type Table, truth, wrong } from '../config/values.ts';
import { type EntryFlag, readFlags } from './manifest-flags.ts';
import { volumePathFault } from './volume/entry.ts';

export interface ManifestEntry {
  /** Below the home directory; with the flag `glob` its last name is a pattern. */
  readonly source: string;
  /** Below the volume's root. */
  readonly target: string;
  /** Below the container's home: where the link stands. Undefined: none. */
  readonly link: string | undefined;
  readonly flags: ReadonlySet<EntryFlag>;
  /** Never imported by itself; it still says what is secret. */
  readonly disabled: boolean;
  /** Nothing of the host goes there: only the container has it. */
  readonly containerOnly: boolean;
  /** The manifest that says so. */
  readonly file: string;
}

const docs = 'docs/config-sync.md';
const keysOf = {
  entries: ['source', 'target', 'container_link', 'flags', 'disabled'],
  container_symlinks: ['source', 'target', 'container_link', 'flags'],
} as const;

/** Reads a manifest's text; throws CONFIG. */
export function parseManifest(text: string, path: string): readonly ManifestEntry[] {
  return manifestEntries(parseToml(text, path));
}

/** The entries of a manifest that was read; throws CONFIG. */
export function manifestEntries(file: TomlFile): readonly ManifestEntry[] {
  try {
    return entriesOf(file);
  } catch (error) {
    throw schemaError(error, file, { docs });
  }
}

function entriesOf({ table, path }: TomlFile): readonly ManifestEntry[] {
  for (const name of Object.keys(table)) {
    // `[agent]` says how an agent is started; that is nothing to sync.
    if (name !== 'entries' && name !== 'container_symlinks' && name !== 'agent')
      throw new SchemaFault(
        name,
        `there is no key "${name}"; there are [[entries]] and [[container_symlinks]]`,
      );
  }
  return (['entries', 'container_symlinks'] as const).flatMap((name) => {
    const list = table[name] ?? [];
    if (!Array.isArray(list) || !list.every(isTable)) throw wrong(name, `written as [[${name}]]`);
    return list.map((each: Table, at) => readEntry(each, { name, at, path }));
  });
}

interface Position {
  readonly name: keyof typeof keysOf;
  readonly at: number;
  readonly path: string;
}

function readEntry(table: Table, { name, at, path }: Position): ManifestEntry {
  const own = `${name}.${at}`;
  for (const key of Object.keys(table)) {
    const known: readonly string[] = keysOf[name];
    if (!known.includes(key))
      throw new SchemaFault(
        `${own}.${key}`,
        `there is no key "${key}" in [[${name}]]; there are ${known.join(', ')}`,
      );
  }
  if (table.flags === undefined)
    throw new SchemaFault(own, `[[${name}]] lacks "flags", which say at least file or directory`);
  const flags = readFlags(table.flags, `${own}.flags`);
  const containerOnly = name === 'container_symlinks';
  const source = homePath(table.source ?? (containerOnly ? table.container_link : undefined), {
    key: `${own}.source`,
    glob: flags.has('glob'),
  });
  const target =
    table.target === undefined ? source : homePath(table.target, { key: `${own}.target` });
  return {
    source,
    target,
    link: linkOf(table.container_link, { key: `${own}.container_link`, source, flags }),
    flags,
    disabled: table.disabled !== undefined && truth(table.disabled, `${own}.disabled`),
    containerOnly,
    file: path,
  };
}

interface LinkContext {
  readonly key: string;
  readonly source: string;
  readonly flags: ReadonlySet<EntryFlag>;
}

function linkOf(value: unknown, { key, source, flags }: LinkContext): string | undefined {
  if (value === '' || flags.has('glob')) return undefined;
  return value === undefined ? source : homePath(value, { key });
}

interface PathContext {
  readonly key: string;
  readonly glob?: boolean;
}

/** A path below a home directory or a volume; what is written `~/x` or `/x` elsewhere is `x` here. */
function homePath(value: unknown, { key, glob = false }: PathContext): string {
  if (typeof value !== 'string')
    throw wrong(key, 'a path below the home directory, such as ".vimrc"');
  const path = value.replace(/\/+$/, '');
  const fault = path.startsWith('~') ? 'begins with "~"' : volumePathFault(path);
  if (fault !== undefined)
    throw new SchemaFault(key, `"${key}" must be a path below the home directory, but it ${fault}`);
  if (!glob && /[*?]/.test(path))
    throw new SchemaFault(key, `"${key}" is a pattern, which needs the flag glob`);
  return path;
}
