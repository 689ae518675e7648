/** The machine that a service is installed on. Beside it stands a fake in the tests. */
export interface InstallHost {
  readonly isRoot: boolean;
  /** Undefined: there is none. */
  stat(path: string): FileFacts | undefined;
  /** Undefined: there is none. */
  readText(path: string): string | undefined;
  /** Where a link leads, as it is written; undefined where there is no link. */
  readLink(path: string): string | undefined;
  /** Whole or not at all. */
  writeText(path: string, text: string, ownership: Ownership): void;
  makeFolder(path: string, ownership: Ownership): void;
  setOwnership(path: string, ownership: Ownership): void;
  link(path: string, target: string): void;
  remove(path: string): void;
  /** Waits for its end. */
  run(argv: readonly string[]): CommandResult;
}

export interface FileFacts {
  readonly isFolder: boolean;
  /** 0o750 */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface Ownership {
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
}

export interface CommandResult {
  readonly ok: boolean;
  /** What it said, both ways, without the line break at its end. */
  readonly words: string;
}
