// Writes the documents that are made from the code; tests fail when they are stale.
import { writeFileSync } from 'node:fs';
import { publishedSchema } from '../src/config/published-schema.ts';
import { configurationReference } from '../src/config/reference.ts';

const docs = new URL('../docs/', import.meta.url);
writeFileSync(new URL('podboot.schema.json', docs), `${JSON.stringify(publishedSchema(), null, 2)}\n`);
writeFileSync(new URL('configuration.md', docs), configurationReference());
