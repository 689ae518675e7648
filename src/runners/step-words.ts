import type { RunStep } from '../domain/hand-off.ts';

const MAX_LINE = 400;

/** ` in step 2 of 3 (scale)`; nothing where there is only one. */
export function stepLabel(steps: readonly Pick<RunStep, 'name'>[], index: number): string {
  const step = steps[index];
  return steps.length < 2 || step === undefined ? '' : ` in step ${index + 1} of ${steps.length} (${step.name})`;
}

/** The line of a program's last words that says why: Ansible's errors begin so, others say it last. */
export function lastLine(words: string | undefined): string | undefined {
  const lines = (words ?? '')
    .split('\n')
    .map(plain)
    .filter((line) => line !== '');
  const line = lines.find((each) => /^(ERROR!|\[ERROR\])/.test(each)) ?? lines.at(-1);
  return line === undefined || line.length <= MAX_LINE ? line : `${line.slice(0, MAX_LINE - 1)}…`;
}

/** Without colours and other control sequences. */
function plain(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u001f\u007f-\u009f]/g, '').trim();
}
