/** Where something stands in podboot.yaml: keys and list positions from the top. */
export type ConfigPath = readonly (string | number)[];

/** `subnets.10.0.0.0/24.pools[0]`: as people read it. Keys may hold dots; it is never parsed back. */
export function formatPath(path: ConfigPath): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}

export function childOf(value: unknown, segment: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
  return (value as Record<string | number, unknown>)[segment];
}

export function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce(childOf, root);
}

/** Something that was read, and where it was written. */
export interface Sited<T> {
  readonly path: ConfigPath;
  readonly value: T;
}

/** One thing that is wrong or odd, before it has a line. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly path: ConfigPath;
  /** The problem is the key itself, so its line is shown and not its value's. */
  readonly atKey?: boolean;
  readonly message: string;
  readonly mend?: string;
}

export function fault(path: ConfigPath, message: string, mend?: string): Finding {
  return { severity: 'error', path, message, ...(mend === undefined ? {} : { mend }) };
}

export function warning(path: ConfigPath, message: string, mend?: string): Finding {
  return { severity: 'warning', path, message, ...(mend === undefined ? {} : { mend }) };
}

/** The same finding about a key: its line is the key's own. */
export function atKey(finding: Finding): Finding {
  return { ...finding, atKey: true };
}
