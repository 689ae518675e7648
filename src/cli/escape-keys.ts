/** What was typed, as ssh has it: a tilde at the beginning of a line begins a command. */
export type EscapeAction = 'end' | 'help' | 'break' | 'write';

export type Typed = { readonly characters: Uint8Array } | { readonly action: EscapeAction };

const TILDE = 0x7e;
const ACTIONS: ReadonlyMap<number, EscapeAction> = new Map([
  [0x2e, 'end'],
  [0x3f, 'help'],
  [0x42, 'break'],
  [0x57, 'write'],
]);
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

export const ESCAPE_HELP = [
  '~.  end this console',
  '~B  send a break (the kernel’s SysRq)',
  '~W  take over: be the one who writes',
  '~~  a tilde',
  '~?  this',
];

/** Tells commands from characters, over the borders of what the terminal gives at a time. */
export class EscapeKeys {
  #isLineStart = true;
  #hasTilde = false;

  read(bytes: Uint8Array): Typed[] {
    const found: Typed[] = [];
    let plain: number[] = [];
    const flush = () => {
      if (plain.length > 0) found.push({ characters: Uint8Array.from(plain) });
      plain = [];
    };
    for (const byte of bytes) {
      if (this.#hasTilde) {
        this.#hasTilde = false;
        const action = ACTIONS.get(byte);
        if (action !== undefined) {
          flush();
          found.push({ action });
          this.#isLineStart = true;
          continue;
        }
        plain.push(TILDE);
        this.#isLineStart = false;
        if (byte === TILDE) continue;
      } else if (byte === TILDE && this.#isLineStart) {
        this.#hasTilde = true;
        continue;
      }
      plain.push(byte);
      this.#isLineStart = byte === CARRIAGE_RETURN || byte === LINE_FEED;
    }
    flush();
    return found;
  }
}
