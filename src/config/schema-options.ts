import Type, { type TSchema, type TUnsafe } from 'typebox';
import {
  type OptionDefinition,
  type OptionType,
  optionDefinitions,
  whyNotConfigurable,
} from '../codecs/dhcp/option-table.ts';
import { oneOf, section, wholeNumber } from './schema-leaves.ts';

/** Kept for code that walks the schema: these keys are DHCP options, which `options.ts` reads. */
export const OPTION_SET = 'DHCP options by name';

interface OptionForm {
  readonly schema: TSchema;
  readonly description: string;
}

const ADDRESS_LIST = { type: 'array', items: { type: 'string' }, minItems: 1 };
const ROUTE = {
  type: 'object',
  properties: {
    to: { type: 'string', description: 'Network, for example 10.0.0.0/8.' },
    via: { type: 'string', description: 'Router, for example 10.77.0.1.' },
  },
  required: ['to', 'via'],
  additionalProperties: false,
};

/** How each type of option is written, for editors; `encodeOptionValue` is what reads it. */
export const OPTION_FORMS: Readonly<Record<OptionType, OptionForm>> = {
  ipv4: { schema: { type: 'string' }, description: 'an IPv4 address, for example 10.77.0.1' },
  'ipv4-list': { schema: ADDRESS_LIST, description: 'a list of IPv4 addresses, for example [10.77.0.1]' },
  string: { schema: { type: 'string', minLength: 1 }, description: 'a text, for example "pod1"' },
  uint8: { schema: { type: 'integer', minimum: 0, maximum: 0xff }, description: 'a whole number, for example 64' },
  uint16: { schema: { type: 'integer', minimum: 0, maximum: 0xffff }, description: 'a whole number, for example 9000' },
  uint32: {
    schema: { type: 'integer', minimum: 0, maximum: 0xffffffff },
    description: 'a whole number, for example 3600',
  },
  int32: {
    schema: { type: 'integer', minimum: -0x80000000, maximum: 0x7fffffff },
    description: 'a whole number, for example -3600',
  },
  boolean: { schema: { type: 'boolean' }, description: 'true or false' },
  hex: { schema: { type: 'string' }, description: 'bytes in hex and in quotes, for example "01:0a:ff"' },
  'domain-list': {
    schema: { type: 'array', items: { type: 'string' }, minItems: 1 },
    description: 'a list of domain names, for example [pod1.example.com]',
  },
  'classless-routes': {
    schema: { type: 'array', items: ROUTE, minItems: 1 },
    description: 'a list of routes, for example [{ to: 10.0.0.0/8, via: 10.77.0.1 }]',
  },
};

/** The options of IANA's table that an operator may set. */
export const configurableOptions: readonly OptionDefinition[] = optionDefinitions.filter(
  ({ code }) => whyNotConfigurable(code) === undefined,
);

/** The values are left to `options.ts`, which knows the custom ones too; their forms are only published. */
export function optionsSchema(description: string): TUnsafe<Record<string, unknown>> {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', title: OPTION_SET, description });
}

/** What stands in the published schema in place of every option set: one definition with each option's form. */
export function optionSetDefinition(): Record<string, unknown> {
  const properties = configurableOptions.map(({ name, code, type }) => {
    const { schema, description } = OPTION_FORMS[type];
    return [name, { ...schema, description: `DHCP option ${code}: ${description}.` }] as const;
  });
  return {
    type: 'object',
    description: 'DHCP options by name; those of dhcp.customOptions too.',
    properties: Object.fromEntries(properties),
  };
}

export const customOptionSchema = section(
  {
    name: Type.String({
      pattern: '^[a-z][A-Za-z0-9]{0,62}$',
      description: 'What options call it, for example siteCode: letters and digits, a small letter first.',
      examples: ['siteCode'],
      title: 'a name of letters and digits, a small letter first,',
    }),
    code: wholeNumber(
      { minimum: 1, maximum: 254 },
      'Its code, for example 224: 224 to 254 are free for a site (RFC 3942), the others belong to IANA.',
    ),
    type: oneOf(Object.keys(OPTION_FORMS) as OptionType[], 'How its value is written, for example string.'),
  },
  'One DHCP option that podboot has no name for, for example { name: siteCode, code: 224, type: string }.',
);
