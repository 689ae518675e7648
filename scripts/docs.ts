// Writes the documents that are made from the code; tests fail when they are stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { publishedDocument } from '../src/api/published-document.ts';
import { publishedSchema } from '../src/config/published-schema.ts';
import { configurationReference } from '../src/config/reference.ts';
import { troubleshootingReference } from '../src/lifecycle/diagnosis/troubleshooting.ts';
import { lifecycleReference } from '../src/lifecycle/life-reference.ts';
import { metricsReference } from '../src/metrics/reference.ts';

const docs = new URL('../docs/', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
writeFileSync(new URL('podboot.schema.json', docs), `${JSON.stringify(publishedSchema(), null, 2)}\n`);
writeFileSync(new URL('configuration.md', docs), configurationReference());
writeFileSync(new URL('openapi.json', docs), await publishedDocument(version));
writeFileSync(new URL('lifecycle.md', docs), lifecycleReference());
writeFileSync(new URL('metrics.md', docs), metricsReference());
writeFileSync(new URL('troubleshooting.md', docs), troubleshootingReference());
