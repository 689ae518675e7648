import { optionByCode, optionByName, whyNotConfigurable } from '../codecs/dhcp/option-table.ts';
import { encodeOptionValue, InvalidOptionValue } from '../codecs/dhcp/option-values.ts';
import type { CustomOption, OptionSet } from '../domain/settings.ts';
import { atKey, type ConfigPath, fault, valueAt, warning } from './config-path.ts';
import { describeValue } from './notation.ts';
import { entriesOf, type Report } from './report.ts';
import type { OptionsYaml, PodbootYaml } from './schema.ts';
import { configurableOptions } from './schema-options.ts';
import { didYouMean } from './suggest.ts';

/** RFC 3396 splits long values, but all of a reply has to fit into the 1472 bytes that PXE firmware takes. */
const MAX_VALUE_BYTES = 1024;

/** RFC 3942: "site-specific options". */
const SITE_CODES = { first: 224, last: 254 };

/** Words for options that are too far from the name to be found by spelling. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  gateway: 'routers',
  defaultgateway: 'routers',
  dns: 'domainNameServers',
  dnsservers: 'domainNameServers',
  nameserver: 'domainNameServers',
  domain: 'domainName',
  searchdomains: 'domainSearch',
  search: 'domainSearch',
  ntp: 'ntpServers',
  mtu: 'interfaceMtu',
  staticroute: 'classlessRoutes',
  routes: 'classlessRoutes',
  classlessstaticroutes: 'classlessRoutes',
  rfc3442classlessstaticroutes: 'classlessRoutes',
  filename: 'bootFileName',
  nextserver: 'tftpServerAddress',
};

export type CustomOptions = ReadonlyMap<string, CustomOption>;

type CustomOptionsYaml = NonNullable<PodbootYaml['dhcp']>['customOptions'];

export function compileCustomOptions(yaml: CustomOptionsYaml, path: ConfigPath, report: Report): CustomOptions {
  const options = new Map<string, CustomOption>();
  const codes = new Map<number, string>();
  for (const [index, option] of entriesOf(yaml)) {
    const here = [...path, index];
    const refusal = refuseCustomOption(option, options, codes);
    if (refusal !== undefined) {
      report(fault([...here, refusal.key], refusal.message, refusal.mend));
      continue;
    }
    if (option.code < SITE_CODES.first) {
      report(
        warning(
          [...here, 'code'],
          `${option.code} belongs to IANA and may get another meaning`,
          `A code from ${SITE_CODES.first} to ${SITE_CODES.last} is the site's own (RFC 3942).`,
        ),
      );
    }
    codes.set(option.code, option.name);
    options.set(option.name, { name: option.name, code: option.code, type: option.type });
  }
  return options;
}

interface CustomRefusal {
  readonly key: 'name' | 'code';
  readonly message: string;
  readonly mend?: string;
}

function refuseCustomOption(
  option: CustomOption,
  names: ReadonlyMap<string, CustomOption>,
  codes: ReadonlyMap<number, string>,
): CustomRefusal | undefined {
  const reason = whyNotConfigurable(option.code);
  if (reason !== undefined) return { key: 'code', message: `DHCP option ${option.code} can't be set: ${reason}` };
  const known = optionByCode(option.code);
  if (known !== undefined) {
    const mend = `Remove this entry and write \`${known.name}\` under options.`;
    return { key: 'code', message: `DHCP option ${option.code} has a name here: ${known.name}`, mend };
  }
  const taken = optionByName(option.name);
  if (taken !== undefined) {
    return {
      key: 'name',
      message: `${option.name} is DHCP option ${taken.code} already`,
      mend: 'Give it another name.',
    };
  }
  if (names.has(option.name)) {
    return {
      key: 'name',
      message: `there are two custom options called ${option.name}`,
      mend: 'Give one another name.',
    };
  }
  const other = codes.get(option.code);
  if (other === undefined) return undefined;
  return { key: 'code', message: `${other} has the code ${option.code} too`, mend: 'Give one another code.' };
}

/** Names and values of podboot.yaml as codes and bytes. */
export function compileOptions(
  yaml: OptionsYaml | undefined,
  path: ConfigPath,
  custom: CustomOptions,
  report: Report,
): OptionSet {
  const set = new Map<number, Uint8Array>();
  for (const [name, value] of Object.entries(yaml ?? {})) {
    const here = [...path, name];
    const definition = custom.get(name) ?? optionByName(name);
    if (definition === undefined) {
      report(atKey(fault(here, 'there is no DHCP option of this name', unknownOptionMend(name, custom))));
      continue;
    }
    const reason = whyNotConfigurable(definition.code);
    if (reason !== undefined) {
      report(atKey(fault(here, `DHCP option ${definition.code} can't be set: ${reason}`, 'Remove it.')));
      continue;
    }
    const bytes = encode(definition, value, here, report);
    if (bytes !== undefined) set.set(definition.code, bytes);
  }
  return set;
}

function encode(definition: CustomOption, value: unknown, path: ConfigPath, report: Report): Uint8Array | undefined {
  try {
    const bytes = encodeOptionValue(definition.type, value);
    if (bytes.length <= MAX_VALUE_BYTES) return bytes;
    report(fault(path, `has ${bytes.length} bytes on the wire; at most ${MAX_VALUE_BYTES} fit into an answer`));
  } catch (error) {
    if (!(error instanceof InvalidOptionValue)) throw error;
    const inner = segmentsOf(error.at);
    const culprit = valueAt(value, inner);
    report(
      fault(
        [...path, ...inner],
        `must be ${error.expected}, is ${describeValue(culprit)}`,
        valueMend(definition, culprit),
      ),
    );
  }
  return undefined;
}

/** `[0].via` as path segments. */
function segmentsOf(at: string): (string | number)[] {
  return [...at.matchAll(/\[([0-9]+)\]|\.?([^.[\]]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : Number(match[1]),
  );
}

function valueMend(definition: CustomOption, culprit: unknown): string | undefined {
  const listed = definition.type.endsWith('-list');
  if (listed && typeof culprit === 'string' && !culprit.includes(','))
    return `If it is one, write it in brackets: [${culprit}]`;
  if (definition.type === 'string' && typeof culprit === 'number') return `Quote it: "${culprit}"`;
  if (definition.type === 'boolean' && typeof culprit === 'string') return 'Write true or false without quotes.';
  if (typeof culprit === 'string' && /^-?[0-9]+$/.test(culprit)) return `Write it without quotes: ${culprit}`;
  return undefined;
}

function unknownOptionMend(name: string, custom: CustomOptions): string {
  if (/^[0-9]+$/.test(name)) {
    const known = optionByCode(Number(name));
    if (known !== undefined) return `DHCP option ${name} is called \`${known.name}\` here.`;
  }
  const word = OTHER_WORDS[name.toLowerCase().replace(/[-_]/g, '')];
  if (word !== undefined) return `Here it is called \`${word}\`.`;
  const known = [...configurableOptions.map((option) => option.name), ...custom.keys()];
  return didYouMean(name, known) ?? 'Name an option of your own under dhcp.customOptions: { name, code, type }.';
}
