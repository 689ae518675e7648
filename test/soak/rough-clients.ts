// `node rough-clients.ts SERVER FILE`: some hundred clients at once of every kind that a boot network sees. A third takes FILE
// whole, by TFTP and HTTP; the others vanish in the middle, ask for its size alone, or send what is no protocol at all.
// Ends with status 1 where one that wanted the whole file did not get it.
import { get, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SegmentingSocket } from '../../src/domain/ports.ts';
import { createHostNetwork } from '../../src/net/host-network.ts';
import { createSystemClock } from '../../src/net/system-clock.ts';
import { EDK2_TFTP, GRUB_TFTP, TftpClient, type TftpJob } from '../../src/rehearsal/tftp-client.ts';

const EACH = 40;
const HTTP_LIMIT_MS = 60_000;
const [host, file] = process.argv.slice(2) as [string, string];
const server = { address: host, port: 69 };
const network = createHostNetwork();
const clock = createSystemClock();

function open(): Promise<SegmentingSocket> {
  return network.openDatagram({ address: '0.0.0.0', port: 0, receiveBufferBytes: 1 << 20 });
}

async function tftp(job: Omit<TftpJob, 'server' | 'name'>, wanted: 'file' | 'size'): Promise<void> {
  const outcome = await new TftpClient(await open(), clock, { ...job, name: file, server }).run();
  if (outcome.result !== wanted) throw new Error(`TFTP: ${JSON.stringify(outcome)}`);
}

async function tftpAndVanish(afterMs: number): Promise<void> {
  const socket = await open();
  void new TftpClient(socket, clock, { dialect: EDK2_TFTP, name: file, server }).run();
  await sleep(afterMs);
  socket.close();
}

async function noise(): Promise<void> {
  const socket = await open();
  for (let length = 0; length < 64; length += 1) socket.send(new Uint8Array(length).fill(length), server);
  socket.close();
}

function http(): Promise<void> {
  return new Promise((resolve, reject) => {
    const url = `http://${host}/assets/${file}`;
    get(url, { agent: false, timeout: HTTP_LIMIT_MS }, (response) => {
      response.resume().on('end', () => (response.complete ? resolve() : reject(new Error('HTTP: cut short'))));
    })
      .on('timeout', () => reject(new Error('HTTP: no answer')))
      .on('error', reject);
  });
}

async function httpAndVanish(afterMs: number): Promise<void> {
  const asked = request(`http://${host}/assets/${file}`, { agent: false });
  asked.on('error', () => undefined).on('response', (response) => response.on('error', () => undefined).pause());
  asked.end();
  await sleep(afterMs);
  asked.destroy();
}

async function httpNoise(): Promise<void> {
  const socket = connect({ host, port: 80 }).on('error', () => undefined);
  socket.write('GET /assets/\0 HTTP/9\r\n: \r\n\r\n');
  await sleep(200);
  socket.destroy();
}

const clients = Array.from({ length: EACH }, (_, index) => [
  tftp({ dialect: EDK2_TFTP }, 'file'),
  tftp({ dialect: GRUB_TFTP }, 'file'),
  tftp({ dialect: EDK2_TFTP, sizeOnly: true }, 'size'),
  tftpAndVanish(index * 2),
  http(),
  httpAndVanish(index * 2),
  ...(index % 10 === 0 ? [noise(), httpNoise()] : []),
]).flat();
const failed = (await Promise.allSettled(clients)).filter((each) => each.status === 'rejected');
for (const { reason } of failed.slice(0, 5)) console.error(String(reason));
process.exit(failed.length === 0 ? 0 : 1);
