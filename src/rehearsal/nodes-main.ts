import { readFileSync } from 'node:fs';
import { createHostNetwork } from '../net/host-network.ts';
import { createSystemClock } from '../net/system-clock.ts';
import { createHttpClient } from './http-client.ts';
import type { MachinesInput, MachinesOutput } from './machines-protocol.ts';
import { bootMachine } from './simulated-node.ts';
import { BroadcastTransport } from './transport-broadcast.ts';

/** The process of all simulated machines, inside their network: `node nodes-main.ts PLAN.json`, JSON lines on stdout. */
const [planFile = ''] = process.argv.slice(2);
const input = JSON.parse(readFileSync(planFile, 'utf8')) as MachinesInput;

const say = (output: MachinesOutput): void => {
  process.stdout.write(`${JSON.stringify(output)}\n`);
};

// The supervisor holds the other end: when it dies, however it dies, nothing goes on alone.
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

const clock = createSystemClock();
const network = createHostNetwork();
const http = createHttpClient();
const transport = await BroadcastTransport.open(
  network,
  { interfaceName: input.interfaceName, serverPort: input.dhcpPort, clientPort: input.dhcpPort + 1 },
  (error) => process.stderr.write(`DHCP socket of the simulated nodes: ${error.message}\n`),
);
const ports = {
  clock,
  random: Math.random,
  pace: input.pace,
  dhcp: transport,
  network,
  tftpPort: input.tftpPort,
  http: http.fetch,
  checksums: new Map(input.checksums),
  report: (step: Extract<MachinesOutput, { step: unknown }>['step']) => say({ step }),
};
const boots = input.machines.map(async (plan, index) => {
  await new Promise<void>((resolve) => {
    clock.setTimeout(resolve, index * input.staggerMs);
  });
  say({ report: await bootMachine(plan, ports) });
});
await Promise.all(boots);
transport.close();
http.close();
say({ done: true });
