// `node install-client.ts SERVER GIADDR COUNT`: machines number 1 to COUNT, each switched on when a line of standard input
// has its number, that boot from the network first, install what they are told to, and boot from the network again, through
// a daemon that is killed again and again. Prints, at once:
//   served NUMBER BOOT      an answer file came
//   changed NUMBER BOOT     the same file came with other bytes
//   refused NUMBER BOOT WHAT
//   wiped NUMBER BOOT       its installer has begun to write
//   disk NUMBER BOOT        it was sent to its disk
//   done NUMBER             its system has reported from the disk
import { createSocket } from 'node:dgram';
import { writeSync } from 'node:fs';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { BootOp, HardwareType, MessageType } from '../../src/codecs/dhcp/message.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import { type MacAddress, macToBytes } from '../../src/domain/mac.ts';

const [server, giaddrText, count] = process.argv.slice(2) as [string, string, string];
const giaddr = parseIpv4(giaddrText) ?? 0;
const socket = createSocket({ type: 'udp4', reuseAddr: true });
const offers = new Map<number, () => void>();
let lastXid = (Math.random() * 0xffffff) >>> 0;

const say = (...words: (string | number)[]) => void writeSync(1, `${words.join(' ')}\n`);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const addressOf = (number: number) => `10.77.200.${number}`;
const macOf = (number: number) => `52:54:00:77:01:${number.toString(16).padStart(2, '0')}`;

/** One DISCOVER as OVMF sends it. False: no offer in time. */
async function discover(number: number): Promise<boolean> {
  lastXid += 1;
  const xid = lastXid;
  const text = (value: string) => new TextEncoder().encode(value);
  const options = new Map([
    [53, Uint8Array.of(MessageType.DISCOVER)],
    [55, Uint8Array.of(1, 3, 6, 66, 67)],
    [60, text('PXEClient:Arch:00007:UNDI:003000')],
    [93, Uint8Array.of(0, 7)],
    [94, Uint8Array.of(1, 3, 0)],
  ]);
  const message = encodeDhcp({
    ...{ op: BootOp.BOOTREQUEST, htype: HardwareType.ETHERNET, hlen: 6, hops: 1, xid, secs: 0, flags: 0x8000, options },
    ...{
      ciaddr: 0,
      yiaddr: 0,
      siaddr: 0,
      giaddr,
      chaddr: macToBytes(macOf(number) as MacAddress),
      sname: '',
      file: '',
    },
  });
  const offered = new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), 700);
    offers.set(xid, () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
  socket.send(Uint8Array.from(message), 67, server, () => {});
  const came = await offered;
  offers.delete(xid);
  return came;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Undefined: nobody answers. */
function ask(number: number, path: string, body?: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST';
    const options = {
      host: server,
      port: 80,
      path,
      method,
      localAddress: addressOf(number),
      agent: false,
      timeout: 3_000,
    };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      // A daemon that is killed in the middle of an answer has not given it.
      incoming.on('end', () => resolve(incoming.complete ? { status: incoming.statusCode ?? 0, text } : undefined));
      incoming.on('error', () => resolve(undefined));
    });
    outgoing.on('error', () => resolve(undefined));
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.end(body);
  });
}

/** As often as it takes: installers try again. */
async function insist(number: number, path: string, body?: string): Promise<Answer> {
  for (;;) {
    const answer = await ask(number, path, body);
    if (answer !== undefined && answer.status !== 429 && answer.status < 500) return answer;
    await pause(50 + Math.random() * 150);
  }
}

/** The URL of its answer files, with a slash at its end; undefined: its disk. */
async function bootScript(number: number): Promise<string | undefined> {
  const { text } = await insist(number, `/boot/${`mac-${macOf(number)}`.replaceAll(':', '-')}.ipxe`);
  return /url=http:\/\/[^/]+(\/install\/[0-9a-f]+\/)/.exec(text)?.[1];
}

async function install(number: number, boot: number, base: string): Promise<boolean> {
  const first = await insist(number, `${base}preseed.cfg`);
  if (first.status !== 200) {
    say('refused', number, boot, `answer ${first.status} ${first.text.trim()}`);
    return false;
  }
  say('served', number, boot);
  const second = await insist(number, `${base}preseed.cfg`);
  if (second.status !== 200 || second.text !== first.text) say('changed', number, boot);
  await pause(Math.random() * 300);
  for (const kind of ['started', 'progress', 'finished']) {
    const told = await insist(number, `${base}callback/${kind}`, `${kind}\n`);
    if (told.status !== 200) say('refused', number, boot, `${kind} ${told.status} ${told.text.trim()}`);
    if (kind === 'started') say('wiped', number, boot);
    await pause(Math.random() * 400);
  }
  return true;
}

async function live(number: number): Promise<void> {
  let installed: string | undefined;
  for (let boot = 1; ; boot += 1) {
    while (!(await discover(number))) boot += 1;
    const base = await bootScript(number);
    if (base !== undefined) {
      if (await install(number, boot, base)) installed = base;
      continue;
    }
    say('disk', number, boot);
    if (installed === undefined) {
      await pause(1_000);
      continue;
    }
    const told = await insist(
      number,
      `${installed}callback/booted`,
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKey\n',
    );
    if (told.status !== 200) say('refused', number, boot, `booted ${told.status} ${told.text.trim()}`);
    say('done', number);
    return;
  }
}

socket.on('message', (data) => {
  const answer = decodeDhcp(data);
  if (answer.options.get(53)?.[0] === MessageType.OFFER) offers.get(answer.xid)?.();
});
socket.bind(67, giaddrText, async () => {
  const lives: Promise<void>[] = [];
  for await (const line of createInterface({ input: process.stdin })) {
    lives.push(live(Number(line)));
    if (lives.length === Number(count)) break;
  }
  await Promise.all(lives);
  socket.close();
});
