import { type ApiOptions, createApi } from './api.ts';

/**
 * Stands for every part that the routes are given: a route asks its parts for something when a request comes, and here none
 * comes. Whatever is asked of it is it again.
 */
const ABSENT: unknown = new Proxy(() => undefined, {
  get: (_, key) => (key === Symbol.toPrimitive ? () => 0 : ABSENT),
  apply: () => ABSENT,
});

/** docs/openapi.json: what the daemon answers at /docs/json. */
export async function publishedDocument(version: string): Promise<string> {
  const parts = new Proxy({}, { get: (_, key) => (key === 'version' ? version : ABSENT) });
  const api = createApi(parts as ApiOptions);
  try {
    return await api.document();
  } finally {
    await api.close();
  }
}
