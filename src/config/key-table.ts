/**
 * What a kind of configuration knows of its keys: their names, their types, their defaults and where each may
 * come from. There is one for the settings of configuration sync and one for live sync; all else is shared.
 */
import type { Table } from './values.ts';

export interface SettingKey<T, Name extends keyof T = keyof T> {
  readonly name: Name;
  /** In a file, dotted: `import.additional_paths` is a key of the table `[import]`. */
  readonly key: string;
  readonly flag?: string;
  readonly env?: string;
  /** Not taken from a workspace's file that was only found: it may be a stranger's, and this one runs commands. */
  readonly userOnly?: true;
  /** Means something in a workspace's file only. */
  readonly workspaceOnly?: true;
  readonly read: (value: unknown, key: string) => T[Name];
  /** The value as a file would have it; absent where that is the value itself. */
  write?(value: T[Name]): unknown;
  readonly fallback: T[Name];
}

export interface KeyTable<T> {
  readonly keys: readonly SettingKey<T>[];
  /** The tables that are wholly ours: a key in them that is not known is a slip. */
  readonly tables: readonly string[];
  /** What stands outside of them and is none of our business; `isTop`: outside any table. */
  readonly isForeign: (entry: {
    readonly name: string;
    readonly value: unknown;
    readonly isTop: boolean;
  }) => boolean;
  /** What else may stand in such a table of a workspace's file. */
  readonly isOther?: (value: unknown) => boolean;
}

/** What stands in a file under a dotted key. */
export function valueAt(table: Table, key: string): unknown {
  const [first, second] = key.split('.') as [string, string | undefined];
  if (second === undefined) return table[first];
  return (table[first] as Table | undefined)?.[second];
}
