import { podbootSchema } from './schema.ts';
import { INSTALL_SET, installSetDefinition } from './schema-install.ts';
import { OPTION_SET, optionSetDefinition } from './schema-options.ts';

/** One definition for each kind of value that stands in many places. */
const DEFINITIONS: ReadonlyMap<string, string> = new Map([
  [OPTION_SET, '#/$defs/options'],
  [INSTALL_SET, '#/$defs/install'],
]);

/**
 * The JSON Schema for editors, as docs/podboot.schema.json holds it: podbootSchema, with every DHCP option spelt out
 * where options may stand.
 */
export function publishedSchema(): Record<string, unknown> {
  const schema: Record<string, unknown> = JSON.parse(JSON.stringify(podbootSchema), (_, value: unknown) =>
    isDefined(value) ? { description: value.description, $ref: DEFINITIONS.get(value.title) } : value,
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'podboot.yaml',
    ...schema,
    $defs: { options: optionSetDefinition(), install: installSetDefinition() },
  };
}

function isDefined(value: unknown): value is { description: string; title: string } {
  return typeof value === 'object' && value !== null && 'title' in value && DEFINITIONS.has(String(value.title));
}
