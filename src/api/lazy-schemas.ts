import { AjvCompiler, type BuildCompilerFromPool, type ErrorObject } from '@fastify/ajv-compiler';
import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import type { FastifyServerOptions } from 'fastify';

/** As Ajv makes them: what is wrong is left on the function itself. */
interface Validator {
  (data: unknown): unknown;
  errors?: ErrorObject[] | null;
}

export type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;

/**
 * Fastify's own compilers, each schema at its first use: a daemon has a hundred routes and most sites use a dozen. All of
 * them at the start would cost 10 MB for good. That every schema can be compiled is a test's business.
 */
export function lazySchemas(): SchemaController {
  const validators = AjvCompiler();
  const serializers = SerializerSelector();
  const buildValidator = ((...pool: Parameters<typeof validators>) => {
    const compile = validators(...pool) as (definition: never) => Validator;
    return (definition: never) => lazyValidator(() => compile(definition));
  }) as BuildCompilerFromPool;
  const buildSerializer: SerializerFactory = (externalSchemas, options) => {
    const compile = serializers(externalSchemas, options);
    return (definition) => {
      let serialize: ReturnType<typeof compile> | undefined;
      return (document: unknown) => {
        serialize ??= compile(definition);
        return serialize(document);
      };
    };
  };
  return { compilersFactory: { buildValidator, buildSerializer } };
}

function lazyValidator(compile: () => Validator): Validator {
  let compiled: Validator | undefined;
  const validate: Validator = (data) => {
    compiled ??= compile();
    const verdict = compiled(data);
    validate.errors = compiled.errors ?? null;
    return verdict;
  };
  return validate;
}
