/**
 * What a console says beside the machine's characters.
 * - `opened`  the BMC's console is open: characters come from now on
 * - `waiting` it is not, and is tried again by itself
 * - `lost`    characters of the machine are gone at this place
 * - `writer`  somebody else writes, or nobody
 * - `refused` what was typed, or asked for, was not done
 * - `dropped` this reader was too slow for so many bytes
 * - `ended`   the last word
 */
export interface ConsoleNotice {
  readonly type: 'opened' | 'waiting' | 'lost' | 'writer' | 'refused' | 'dropped' | 'ended';
  readonly text: string;
  readonly mend?: string;
  /** Of `writer`: absent where nobody writes. */
  readonly writer?: string;
  readonly retryMs?: number;
  readonly sizeBytes?: number;
}

/** Somebody who reads a console. */
export interface ConsoleViewer {
  /** Shown to the others while it writes. */
  readonly name: string;
  /** Valid during the call. */
  output(characters: Uint8Array): void;
  notice(notice: ConsoleNotice): void;
}

/** A viewer's place at a console. */
export interface ConsoleSeat {
  readonly mayWrite: boolean;
  /** Refusals come as a notice. */
  type(characters: Uint8Array): void;
  sendBreak(): void;
  /** @throws Conflict where somebody writes, and `takeOver` is not asked for */
  write(takeOver: boolean): void;
  leave(): void;
}

export interface ConsoleRecording {
  /** Valid during the call. */
  output(characters: Uint8Array): void;
  /** A line of podboot's own in the middle of it. */
  mark(text: string): void;
}

export interface ConsoleStanding {
  readonly isOpen: boolean;
  readonly readers: number;
  readonly writer?: string;
  readonly isRecorded: boolean;
  /** Why it is not open, where it ought to be. */
  readonly trouble?: string;
}
