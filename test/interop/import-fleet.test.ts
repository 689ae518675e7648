import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AppliedView } from '../../src/api/schemas/enrolment.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const NODES = 4_000;
/** The goal; a machine that is busy with something else gets a second try. */
const GOAL_MS = 2_000;
const TRIES = 3;

const POD = {
  ...SITE,
  subnets: {
    ...SITE.subnets,
    '10.80.0.0/16': { interface: 'eno2', relays: ['10.80.255.1'] },
    '10.81.0.0/16': { interface: 'eno2', relays: ['10.81.255.1'] },
  },
};

/** As a spreadsheet brings it: three interfaces a node, in a row each. */
function fleet(): string {
  const mac = (prefix: string, number: number) =>
    `${prefix}-${number
      .toString(16)
      .padStart(4, '0')
      .replace(/(..)(..)/, '$1-$2')}`.toUpperCase();
  const rows = Array.from({ length: NODES }, (_, index) => {
    const host = `${index >>> 8}.${index & 255 || 1}`;
    const unique = (index & 255) === 0 ? `${64 + (index >>> 8)}.1` : host;
    const node = `dgx${String(index).padStart(4, '0')}`;
    const place = `SN${100_000 + index},r${index % 250},U${(index % 10) * 4 + 1},gpu kube_node,row-${index % 12}`;
    return [
      `${node};eno1;boot;${mac('52-54-00-A0', index)};10.80.${unique};${place.replaceAll(',', ';')}`,
      `${node};bmc;bmc;${mac('52-54-00-B0', index)};10.81.${unique};;;;;`,
      `${node};ib0;infiniband;${mac('52-54-00-C0', index)};;;;;;`,
    ].join('\r\n');
  });
  return `\ufeffname;interface;role;mac;address;serialNumber;rack;position;roles;label.row\r\n${rows.join('\r\n')}\r\n`;
}

test(`${NODES} nodes come from a table in under ${GOAL_MS / 1_000} s, go out again and come in without a difference`, {
  skip,
}, async (context) => {
  const file = Buffer.from(fleet());
  const times: number[] = [];
  for (let attempt = 0; attempt < TRIES && (times.at(-1) ?? GOAL_MS) >= GOAL_MS; attempt += 1) {
    await using site = await Site.up(POD);
    const { daemon } = site;
    const client = createApiClient(
      { api: `unix:${daemon.socketPath}` },
      { PODBOOT_TOKEN_FILE: join(daemon.folder, 'first-token') },
    );
    const upload = async (bytes: Uint8Array, what: string): Promise<AppliedView> => {
      const startedAt = performance.now();
      const applied = await client.upload<AppliedView>('/nodes/import', bytes, 'text/plain');
      const ms = performance.now() - startedAt;
      context.diagnostic(`${what}: ${Math.round(ms)} ms for ${(bytes.length / 1e6).toFixed(1)} MB`);
      if (what === 'enrol') times.push(ms);
      return applied;
    };
    assert.equal((await upload(file, 'enrol')).created, NODES);
    assert.equal((await upload(file, 'the same again')).unchanged, NODES);
    const exported = new Map<string, string>();
    for (const format of ['csv', 'json']) {
      const text = await client.download(`/nodes/export?format=${format}`);
      exported.set(format, text);
      const again = await upload(Buffer.from(text), `its export as ${format}`);
      assert.deepEqual([again.created, again.updated, again.unchanged], [0, 0, NODES]);
    }
    // What is on the disk is what was exported, and a restart exports the same bytes.
    await daemon.stop();
    await daemon.start();
    for (const [format, text] of exported) {
      assert.equal(digest(await client.download(`/nodes/export?format=${format}`)), digest(text), format);
    }
  }
  assert.ok(Math.min(...times) < GOAL_MS, `${times.map(Math.round).join(', ')} ms`);
});

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
