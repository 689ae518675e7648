import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createSystemClock } from '../../net/system-clock.ts';
import { Chassis } from './chassis.ts';
import { SimulatedBmc } from './simulated-bmc.ts';
import { UdpBmc } from './udp-bmc.ts';

/**
 * A pod's BMCs as a process of their own, each on a port of its own: for rehearsals, and for measurements that must not
 * count what the simulation takes. Says `ready` when all listen; at SIGUSR2 one line of JSON with what was done to each.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '200' },
      address: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '20000' },
      user: { type: 'string', default: 'admin' },
      /** Number of the first, of a fleet in several processes: its port and those that are dead are counted from 0. */
      first: { type: 'string', default: '0' },
      'power-delay': { type: 'string', default: '0' },
      /** Each tenth is dead with 10. */
      'dead-every': { type: 'string', default: '0' },
    },
  });
  // Not an argument, where every user of the machine could read it.
  const password = process.env.PODBOOT_BMC_PASSWORD ?? 'simulated';
  const clock = createSystemClock();
  const deadEvery = Number(values['dead-every']);
  const first = Number(values.first);
  const chassis = Array.from(
    { length: Number(values.count) },
    () =>
      new Chassis(clock, { powerOn: () => {}, powerOff: () => {} }, { powerDelayMs: Number(values['power-delay']) }),
  );
  for (const [index, each] of chassis.entries()) {
    each.turnOn();
    if (deadEvery > 0 && (first + index) % deadEvery === 0) continue;
    const bmc = new SimulatedBmc({
      clock,
      random: randomBytes,
      chassis: each,
      accounts: [{ userName: values.user, password, privilege: 4 }],
      guid: randomBytes(16),
      maxSessions: 8,
    });
    await UdpBmc.listen(bmc, values.address, Number(values.port) + first + index);
  }
  process.on('SIGUSR2', () => {
    process.stdout.write(`${JSON.stringify(chassis.map(({ counts, isOn }) => ({ ...counts, isOn })))}\n`);
  });
  process.stdout.write('ready\n');
}

await main();
