import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from '../interop/site.ts';

const CLIENTS = new URL('rough-clients.ts', import.meta.url).pathname;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 20;
/** The heap breathes by some of this. A leak of one transfer's buffers in each round would be more than it. */
const GROWTH_MB = 16;
/** A client that vanished is given up after 30 seconds of silence at the latest; a connection after as long. */
const REST_MS = 40_000;
const FILE_BYTES = 1_500_000;

function residentMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Number(kib) / 1024;
}

function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test(`one daemon and ${ROUNDS} rounds of clients that vanish, ask half and send noise: it keeps nothing of them`, {
  skip: unmet({ root: true, tools: ['ip'] }),
  timeout: 20 * 60_000,
}, async (context) => {
  await using site = await Site.up(SITE, { program: new Uint8Array(FILE_BYTES).fill(7) });
  const client = site.client('52:54:00:77:04:01', '10.77.0.41/24');
  const { pid } = site.daemon;
  const round = () => {
    const { code, stderr } = client.run([process.execPath, CLIENTS, SERVER, 'program'], { timeoutMs: 120_000 });
    assert.equal(code, 0, stderr);
  };
  for (let index = 0; index < WARM_UP_ROUNDS; index += 1) round();
  await sleep(REST_MS);
  const before = { mb: residentMb(pid), descriptors: openDescriptors(pid) };
  for (let index = 0; index < ROUNDS; index += 1) round();
  await sleep(REST_MS);
  const after = { mb: residentMb(pid), descriptors: openDescriptors(pid) };
  context.diagnostic(`${before.mb.toFixed(0)} MB before, ${after.mb.toFixed(0)} MB after`);
  assert.equal(after.descriptors, before.descriptors, 'sockets or files that stayed open');
  assert.ok(after.mb - before.mb < GROWTH_MB, `it grew from ${before.mb} to ${after.mb} MB`);
  assert.ok(site.daemon.running);
});
