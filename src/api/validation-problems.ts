import type { FastifySchemaValidationError } from 'fastify';
import type { Problem } from '../domain/errors.ts';

/** Told at once: whoever has more mends these first. */
export const MAX_PROBLEMS = 1_000;

/** Ajv's words (verbose: with the schema that refused) as problems that people can mend. */
export function validationProblems(errors: readonly FastifySchemaValidationError[], context: string): Problem[] {
  return errors.map((error) => {
    const base = pathOf(error.instancePath, context);
    const { params } = error;
    switch (error.keyword) {
      case 'additionalProperties': {
        const name = String(params.additionalProperty);
        return { path: joined(base, name), message: 'There is no such key.', mend: `Known here: ${knownKeys(error)}.` };
      }
      case 'required':
        return { path: joined(base, String(params.missingProperty)), message: 'It is missing.', mend: 'Add it.' };
      case 'enum':
        return {
          path: base,
          message: 'It is none of the values that it may have.',
          mend: `Use one of ${list(params.allowedValues)}.`,
        };
      case 'type':
        return {
          path: base,
          message: `It has the wrong type: ${list(params.type)} is expected.`,
          mend: 'Nothing is converted: 9000 is a number, "9000" is text.',
        };
      case 'minProperties':
        return { path: base, message: 'It is empty.', mend: `Known here: ${knownKeys(error)}.` };
      case 'pattern':
        return { path: base, message: 'It is not written as it has to be.', mend: describedBy(error) };
      default:
        return { path: base, message: `It ${error.message ?? 'is not accepted'}.`, mend: 'Shorten or correct it.' };
    }
  });
}

/** `/interfaces/0/mac` (RFC 6901) as `interfaces[0].mac`; a parameter of the URL as `?limit`. */
function pathOf(pointer: string, context: string): string {
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, 64));
  const path = parts.reduce(
    (before, part) => (/^[0-9]+$/.test(part) ? `${before}[${part}]` : joined(before, part)),
    '',
  );
  return context === 'querystring' ? `?${path}` : path;
}

function joined(base: string, name: string): string {
  const short = name.slice(0, 64);
  return base === '' || base.endsWith('?') ? `${base}${short}` : `${base}.${short}`;
}

function knownKeys(error: FastifySchemaValidationError): string {
  const schema = 'parentSchema' in error ? (error.parentSchema as { properties?: object } | undefined) : undefined;
  return Object.keys(schema?.properties ?? {}).join(', ') || 'none';
}

/** What the schema says of the value tells how to write it; its pattern is for programs. */
function describedBy(error: FastifySchemaValidationError): string {
  const schema = 'parentSchema' in error ? (error.parentSchema as { description?: string } | undefined) : undefined;
  return schema?.description ?? 'Correct it.';
}

function list(values: unknown): string {
  return Array.isArray(values) ? values.map((value) => String(value)).join(', ') : String(values);
}
