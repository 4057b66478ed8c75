/** Where a value may come from, and which of several sources counts: the first that has one. Pure. */
export type Origin =
  | { readonly kind: 'flag'; readonly flag: string }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'state'; readonly path: string }
  | { readonly kind: 'workspace-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'user-file'; readonly path: string; readonly line: number }
  | { readonly kind: 'default' };

/** One source: the values it has, and where in it each stands. */
export interface Layer<T> {
  readonly values: Partial<T>;
  readonly origin: (name: keyof T) => Origin;
}

export interface Resolved<T> {
  readonly values: T;
  readonly origins: Readonly<Record<keyof T, Origin>>;
}

/** Every value of `fallback`, from the first layer that has it. */
export function resolveLayers<T extends object>(
  layers: readonly Layer<T>[],
  fallback: T,
): Resolved<T> {
  const values: Partial<T> = {};
  const origins = {} as Record<keyof T, Origin>;
  for (const name of Object.keys(fallback) as (keyof T)[]) {
    const layer = layers.find((each) => each.values[name] !== undefined);
    values[name] = layer === undefined ? fallback[name] : (layer.values[name] as T[typeof name]);
    origins[name] = layer?.origin(name) ?? { kind: 'default' };
  }
  return { values: values as T, origins };
}

/** Where a setting comes from, for people. */
export function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return `$${origin.name}`;
    case 'state':
      return `remembered in ${origin.path}`;
    case 'workspace-file':
    case 'user-file':
      return `${origin.path}:${origin.line}`;
    case 'default':
      return 'default';
  }
}
