import type { ProfileSettings, WrittenInstallValues } from '../domain/settings.ts';
import { type ReadyMadeProfile, readyMadeNames, readyMadeProfile } from '../profiles/ready-made.ts';
import { installValueProblems } from '../profiles/values/check-install-values.ts';
import { type ConfigPath, fault } from './config-path.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';

/** One layer of install values; what is wrong with it is reported, and the layer is left out. */
export function readInstallValues(
  values: Readonly<Record<string, unknown>> | undefined,
  path: ConfigPath,
  report: Report,
): WrittenInstallValues {
  if (values === undefined) return {};
  const problems = installValueProblems(values, '');
  for (const problem of problems) report(fault([...path, ...segments(problem.path)], problem.message, problem.mend));
  return problems.length === 0 ? values : {};
}

/** `.users[0].name` as a path: what stands in it are keys of the values' schema and positions. */
export function segments(text: string): ConfigPath {
  return [...text.matchAll(/\[([0-9]+)\]|\.([^.[\]]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : Number(match[1]),
  );
}

export function readBase(name: string | undefined, path: ConfigPath, report: Report): ReadyMadeProfile | undefined {
  if (name === undefined) return undefined;
  const found = readyMadeProfile(name);
  if (found === undefined) {
    const names = readyMadeNames();
    report(
      fault(
        path,
        `there is no ready-made profile ${name}`,
        didYouMean(name, names) ?? `There are ${names.join(', ')}.`,
      ),
    );
  }
  return found;
}

/** What the profile says itself is stronger; arguments of both are passed on, its own last. */
export function onBase(
  own: Omit<ProfileSettings, 'kind' | 'values'> & { readonly kind?: string },
  base: ReadyMadeProfile | undefined,
  values: WrittenInstallValues,
): ProfileSettings | undefined {
  const kind = own.kind ?? base?.kind;
  if (kind === undefined) return undefined;
  const shared = { ...own, kind };
  if (base === undefined)
    return { ...shared, ...(Object.keys(values).length === 0 ? {} : { values: { base: {}, own: values } }) };
  const asset = own.asset ?? (own.kernel === undefined ? base.asset : undefined);
  const delivery = own.delivery ?? base.delivery;
  return {
    ...shared,
    base: base.name,
    arguments: [base.arguments, own.arguments].filter((part) => part !== '').join(' '),
    values: { base: base.values, own: values },
    ...(asset === undefined ? {} : { asset }),
    ...(delivery === undefined ? {} : { delivery }),
  };
}
