import type { FastifyRequest } from 'fastify';
import { InvalidInput } from '../domain/errors.ts';

/**
 * Values of one node's description, nested ones with them: 64 interfaces with everything have some 700. Every wrong value
 * becomes a problem of the answer, so without a bound one megabyte of them would hold up the loop that answers DHCP.
 */
const MAX_VALUES = 10_000;

/** Whether `body` holds more values than a node can have. Stops where it knows; a deep nest costs no stack. */
export function hasTooManyValues(body: unknown): boolean {
  const waiting: unknown[] = [body];
  let count = 0;
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
    count += inner.length;
    if (count > MAX_VALUES) return true;
    for (const each of inner) waiting.push(each);
  }
  return false;
}

/** preValidation of a route that takes one node. @throws InvalidInput */
export async function refuseTooManyValues(request: FastifyRequest): Promise<void> {
  if (!hasTooManyValues(request.body)) return;
  throw new InvalidInput('The request was refused; nothing was changed.', [tooManyValues('')]);
}

export function tooManyValues(path: string) {
  return { path, message: `It holds more than ${MAX_VALUES} values.`, mend: 'Describe one node, with what it has.' };
}
