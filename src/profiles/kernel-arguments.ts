/**
 * Kernel command lines that survive both boot languages unchanged.
 *
 * - iPXE splits a line at white space, has no quotes and no escapes, takes `#…`, `||`, `&&` and `;` as words of its own,
 *   expands `${…}` wherever it stands, and joins a line that ends in a backslash to the next.
 * - GRUB quotes as a shell does, but its `linux` command writes `\`, `'` and `"` of a word with a backslash before them
 *   into the kernel's command line, and puts a word with a space into double quotes.
 *
 * So what only one of them could pass on is refused when the configuration is read, not when a machine boots.
 */

/** x86's and arm64's COMMAND_LINE_SIZE is 2048; the rest is for `initrd=` and BOOT_IMAGE=. */
export const MAX_ARGUMENT_BYTES = 1800;

export interface ArgumentProblem {
  readonly message: string;
  readonly mend: string;
}

/** Words as the kernel's parser sees them (lib/cmdline.c, next_arg): split at spaces that are not in double quotes. */
export function splitKernelArguments(text: string): string[] {
  return text.trim().match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
}

/**
 * The word as GRUB has to be given it: without its quotes, which GRUB puts around the whole word if it has a space.
 * The kernel reads `"name=a b"` and `name="a b"` as the same. Undefined: GRUB can't pass it on.
 */
export function unquoteKernelWord(word: string): string | undefined {
  if (/[\\']/.test(word)) return undefined;
  if (!word.includes('"')) return word;
  const match = /^([^"=]+=)"([^"]*)"$/.exec(word) ?? /^()"([^"]*)"$/.exec(word);
  return match === null ? undefined : `${match[1]}${match[2]}`;
}

export function kernelArgumentProblems(text: string): ArgumentProblem[] {
  const trimmed = text.trim();
  if (/[^\x20-\x7e]/.test(trimmed)) {
    return [
      {
        message: 'has a line break, a tab or a character outside of ASCII',
        mend: 'Write the arguments on one line (in YAML: `arguments: >-`), with printable ASCII characters.',
      },
    ];
  }
  const problems: ArgumentProblem[] = [];
  if (trimmed.length > MAX_ARGUMENT_BYTES) {
    problems.push({
      message: `is ${trimmed.length} bytes long; the kernel takes 2048 with what the boot loader adds`,
      mend: `Shorten it to ${MAX_ARGUMENT_BYTES} bytes.`,
    });
  }
  if (splitKernelArguments(trimmed).some((word) => /^initrd=/.test(word))) {
    problems.push({
      message: '`initrd=` is written by the boot script',
      mend: "Remove it and list the files under the profile's `initrds`.",
    });
  }
  return [...problems, ...ipxeProblems(trimmed), ...grubProblems(trimmed)];
}

function ipxeProblems(text: string): ArgumentProblem[] {
  const problems: ArgumentProblem[] = [];
  // Words as iPXE sees them: quotes don't keep them together.
  for (const word of text.split(/ +/)) {
    if (word.startsWith('#') || word === '||' || word === '&&' || word === ';') {
      problems.push({
        message: `iPXE would take the word ${word} for a part of the script, not of the kernel's arguments`,
        mend: 'Write it without the space before it, or remove it.',
      });
    }
  }
  if (text.includes('${')) {
    problems.push({ message: 'iPXE would replace what follows ${', mend: 'Remove it: it has no way to be quoted.' });
  }
  if (/"[^"]*( {2,})[^"]*"/.test(text)) {
    problems.push({
      message: 'iPXE makes one space of several, also in quotes',
      mend: 'Use single spaces within the quotes.',
    });
  }
  return problems;
}

function grubProblems(text: string): ArgumentProblem[] {
  if ((text.split('"').length - 1) % 2 !== 0) {
    return [{ message: 'has a double quote without its partner', mend: 'Close the quote.' }];
  }
  return splitKernelArguments(text)
    .filter((word) => unquoteKernelWord(word) === undefined)
    .map((word) => ({
      message: `GRUB can't pass on the word ${word}`,
      mend: String.raw`Use no \ and no ', and double quotes only around a whole value: name="a value".`,
    }));
}
