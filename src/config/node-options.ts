import type { Problem } from '../domain/errors.ts';
import type { OptionValue } from '../domain/node.ts';
import type { CustomOption } from '../domain/settings.ts';
import { type Finding, formatPath } from './config-path.ts';
import { compileOptions } from './options.ts';

/** What is wrong with the DHCP options of a node, by the rules that podboot.yaml has for its own. */
export function nodeOptionProblems(
  options: Readonly<Record<string, OptionValue>>,
  customOptions: readonly CustomOption[],
): Problem[] {
  const findings: Finding[] = [];
  const custom = new Map(customOptions.map((option) => [option.name, option]));
  compileOptions(options, ['options'], custom, (finding) => findings.push(finding));
  return findings.map(({ path, message, mend }) => ({
    path: formatPath(path),
    message,
    ...(mend === undefined ? {} : { mend }),
  }));
}
