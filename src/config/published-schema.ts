import { podbootSchema } from './schema.ts';
import { OPTION_SET, optionSetDefinition } from './schema-options.ts';

const DEFINITION = { $ref: '#/$defs/options' };

/**
 * The JSON Schema for editors, as docs/podboot.schema.json holds it: podbootSchema, with every DHCP option spelt out
 * where options may stand.
 */
export function publishedSchema(): Record<string, unknown> {
  const schema: Record<string, unknown> = JSON.parse(JSON.stringify(podbootSchema), (_, value: unknown) =>
    isOptionSet(value) ? { description: value.description, ...DEFINITION } : value,
  );
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'podboot.yaml',
    ...schema,
    $defs: { options: optionSetDefinition() },
  };
}

function isOptionSet(value: unknown): value is { description: string } {
  return typeof value === 'object' && value !== null && 'title' in value && value.title === OPTION_SET;
}
