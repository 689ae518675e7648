import { parseArgs } from 'node:util';
import { SharedUdp } from '../../src/bmc/ipmi/shared-udp.ts';
import { createDriver } from '../../src/bmc/registry.ts';
import type { Node } from '../../src/domain/node.ts';
import { createHostNetwork } from '../../src/net/host-network.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { PowerService } from '../../src/power/power-service.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { nodeNumber } from '../lifecycle/life/house.ts';
import { powerSettings } from '../power/power-settings.ts';
import { FixedNodes } from '../services/boot/fixtures.ts';

/** What one pass over the fleet took. */
export interface PowerPass {
  readonly what: string;
  readonly operations: number;
  readonly failed: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly residentMb: number;
}

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    port: { type: 'string', default: '20000' },
    'dead-every': { type: 'string', default: '0' },
  },
});
const count = Number(values.count);
const deadEvery = Number(values['dead-every']);
const clock = createSystemClock();
const store = new MemoryStore();
const nodes: Node[] = Array.from({ length: count }, (_, index) => ({
  ...nodeNumber(index + 1),
  rack: `r${index >> 3}`,
  bmc: { driver: 'ipmi', host: '127.0.0.1', port: Number(values.port) + index },
}));
const isDead = (index: number) => deadEvery > 0 && index % deadEvery === 0;
const settings = powerSettings({ actionMs: 30_000 });
const host = createHostNetwork();
const network = new SharedUdp(() => host.openDatagram({ address: '0.0.0.0', port: 0, receiveBufferBytes: 4 << 20 }));
const service = new PowerService({
  documents: {},
  nodes: new FixedNodes(...nodes),
  commit: (batch) => store.commit(batch),
  clock,
  events: { wantsDebug: false, emit: () => {} },
  settings: () => settings,
  standing: { reserved: () => undefined, awaitsBoot: () => true, hasBooted: () => false, bootDeadlineMs: () => 60_000 },
  readKey: () => 'k'.repeat(32),
  createDriver: (name, target) => createDriver(name, target, { clock, network, broadcast: async () => {} }),
  leasedAddress: () => undefined,
  look: { hostAnswers: async () => false, ipmi: async () => undefined, certificate: async () => undefined },
});
await service.start();
await service.vault.write('bmc', { userName: 'admin', password: process.env.PODBOOT_BMC_PASSWORD ?? 'simulated' });

async function pass(
  what: string,
  run: () => Promise<{ operations: number; failed: number; wallMs?: number }>,
): Promise<void> {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const line: PowerPass = {
    what,
    wallMs: performance.now() - startedAt,
    cpuMs: (user + system) / 1_000,
    residentMb: process.memoryUsage.rss() / 1e6,
    ...result,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Of those that are not dead: when the last of them had answered. */
async function status(): Promise<{ operations: number; failed: number; wallMs: number }> {
  const startedAt = performance.now();
  let failed = 0;
  const living = nodes.map(async (node, index) => {
    const { state } = await service.poller.read(node, 'job');
    if (!isDead(index) && state === 'unknown') failed += 1;
  });
  // The dead ones are waited for elsewhere.
  await Promise.all(living.filter((_, index) => !isDead(index)));
  return {
    operations: nodes.filter((_, index) => !isDead(index)).length,
    failed,
    wallMs: performance.now() - startedAt,
  };
}

if (deadEvery === 0) {
  await pass('first status', status);
  for (let turn = 0; turn < 3; turn += 1) {
    await service.fleet.close();
    await pass('status, a session each', status);
  }
  // Who made it, which a BMC is asked once.
  await pass('first status of sessions that are kept', status);
  for (let turn = 0; turn < 5; turn += 1) await pass('status, sessions kept', status);
}
await pass('cycle', async () => {
  const startedAt = performance.now();
  const record = await service.jobs.submit(nodes, { action: 'cycle', by: 'bench' });
  const living = nodes.filter((_, index) => !isDead(index));
  const left = () => living.filter(({ id }) => record.steps.get(id)?.stage !== 'done').length;
  while (left() > 0 && performance.now() - startedAt < 60_000) await new Promise((resolve) => setTimeout(resolve, 20));
  return { operations: living.length, failed: left(), wallMs: performance.now() - startedAt };
});
await service.stop();
process.exit(0);
