import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { WebSocket } from 'undici';
import { Background, must, pause, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { ConsoleHost, PASSWORD } from './console-host.ts';

const skip = unmet({ tools: ['script', 'ipmitool'] });
let host: ConsoleHost;

before(async () => {
  host = await ConsoleHost.start();
});
after(() => host?.[Symbol.asyncDispose]());
beforeEach(() => {
  host.typed = '';
  host.breaks = 0;
});

/** One end of a console's WebSocket, and all that came. */
class Reader {
  readonly socket: WebSocket;
  readonly notices: { type: string; text: string; writer?: string }[] = [];
  bytes = Buffer.alloc(0);
  closed: number | undefined;

  constructor(query: string, headers: Record<string, string> = {}) {
    const url = `${host.url.replace('http', 'ws')}/api/v1/nodes/${host.node.name}/console?${query}`;
    this.socket = new WebSocket(url, { headers: { authorization: `Bearer ${host.token.token}`, ...headers } });
    this.socket.binaryType = 'arraybuffer';
    this.socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') this.notices.push(JSON.parse(data));
      else this.bytes = Buffer.concat([this.bytes, Buffer.from(data as ArrayBuffer)]);
    });
    this.socket.addEventListener('close', ({ code }) => {
      this.closed = code;
    });
    this.socket.addEventListener('error', () => undefined);
  }

  heard(type: string): Promise<void> {
    return until(() => this.notices.some((notice) => notice.type === type), {
      what: type,
      evidence: () => JSON.stringify([this.notices, this.closed]),
    });
  }

  async end(): Promise<void> {
    this.socket.close();
    await until(() => this.closed !== undefined, { what: 'closed' });
  }
}

describe('a console over a WebSocket', () => {
  test('is byte for byte both ways, for its writer and for a reader', async () => {
    const anna = new Reader('mode=write&by=anna');
    await anna.heard('opened');
    const ben = new Reader('by=ben');
    await ben.heard('opened');
    assert.equal(ben.notices.find(({ type }) => type === 'writer')?.writer, 'anna');
    const said = Buffer.from(Array.from({ length: 20_000 }, (_, at) => (at * 31) & 0xff));
    host.bmc.serial.say(said);
    await until(() => anna.bytes.length >= said.length && ben.bytes.length >= said.length, { what: 'all bytes' });
    assert.ok(anna.bytes.equals(said) && ben.bytes.equals(said));
    const typed = 'systemctl status\r'.repeat(100);
    anna.socket.send(Buffer.from(typed));
    anna.socket.send(JSON.stringify({ type: 'break' }));
    await until(() => host.typed.length >= typed.length && host.breaks === 1, { what: 'typed' });
    assert.equal(host.typed, typed);
    ben.socket.send(JSON.stringify({ type: 'write' }));
    await ben.heard('refused');
    ben.socket.send(JSON.stringify({ type: 'write', takeOver: true }));
    await until(() => anna.notices.at(-1)?.writer === 'ben', { what: 'anna is told' });
    await anna.end();
    await ben.end();
  });

  test('needs the token, no page of another origin, and says why in an answer like any other', async () => {
    const path = `${host.url}/api/v1/nodes/${host.node.name}/console`;
    assert.equal((await fetch(path)).status, 401);
    const authorization = `Bearer ${host.token.token}`;
    const foreign = await fetch(path, { headers: { authorization, origin: 'http://evil.example' } });
    assert.equal(foreign.status, 403);
    const own = await fetch(path, { headers: { authorization, origin: host.url } });
    assert.equal(own.status, 200, await own.text());
    for (const headers of [{ authorization: 'Bearer wrong' }, { origin: 'http://evil.example' }]) {
      const reader = new Reader('', headers as unknown as Record<string, string>);
      await until(() => reader.closed !== undefined, { what: 'refused' });
      assert.deepEqual(reader.notices, []);
    }
    // Whoever is refused has no connection left, whether it closes its end or not.
    const raw = connect(Number(new URL(host.url).port), '127.0.0.1');
    raw.write(`GET ${new URL(path).pathname} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
    await once(raw.resume(), 'close');
    const anna = new Reader('mode=write&by=anna');
    await anna.heard('opened');
    const taken = await fetch(`${path}?mode=write`, { headers: { authorization } });
    assert.equal(taken.status, 409);
    assert.match(await taken.text(), /anna writes/);
    await anna.end();
  });

  test('ends where a message is none of its own, or too long', async () => {
    const odd = new Reader('mode=write');
    await odd.heard('opened');
    odd.socket.send('ls');
    await until(() => odd.closed === 1007, { what: 'closed as unreadable' });
    const long = new Reader('mode=write');
    await long.heard('opened');
    long.socket.send(Buffer.alloc(65 * 1024));
    await until(() => long.closed !== undefined, { what: 'closed as too long' });
    assert.equal(host.typed, '');
    assert.equal(host.hub.standing(host.node).readers, 0);
  });

  test('says where a restart of the BMC lost characters, and goes on', async () => {
    const anna = new Reader('mode=write');
    await anna.heard('opened');
    host.bmc.restart(500);
    await pause(600);
    // Typing finds out at once; a keepalive would, in 15 s.
    anna.socket.send(Buffer.from('\r'));
    await until(() => anna.notices.filter(({ type }) => type === 'opened').length === 2, {
      what: 'open again',
      timeoutMs: 40_000,
      evidence: () => JSON.stringify(anna.notices),
    });
    assert.ok(anna.notices.some(({ type }) => type === 'lost'));
    host.say('after the restart');
    await until(() => anna.bytes.toString().includes('after the restart'), { what: 'the machine again' });
    await anna.end();
  });
});

describe('podboot console', () => {
  const podboot = `${process.execPath} ${new URL('../../src/cli/podboot.ts', import.meta.url).pathname}`;

  /** In a terminal of its own, with what is typed there. */
  function terminal(words: string): Background {
    const command = `${podboot} console ${host.node.name} ${words}; stty -a`;
    return new Background(['script', '-qfec', command, '/dev/null'], {
      env: host.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  test('is a terminal: what is typed is typed, ~. ends it, and the shell has its terminal back', { skip }, async () => {
    const shell = terminal('');
    await shell.said(/is open/, 20_000);
    host.say('login: ');
    await shell.said(/login: /);
    shell.tell('root\r~~/x\r');
    await until(() => host.typed === 'root\r~/x\r', { what: 'typed', evidence: () => host.typed });
    shell.tell('\u0003');
    await until(() => host.typed.endsWith('\u0003'), { what: 'Ctrl-C is the machine’s' });
    shell.tell('\r~B');
    await until(() => host.breaks === 1, { what: 'a break' });
    shell.tell('~.');
    assert.equal(await shell.exited, 0, shell.output);
    assert.match(shell.output, / icanon/);
    assert.match(shell.output, / echo /);
    assert.doesNotMatch(shell.output, /-icanon/);
  });

  test('prints what was recorded', { skip }, async () => {
    host.say('Kernel panic - not syncing\r\n');
    await pause(300);
    const log = await output(`console ${host.node.name} --log`);
    assert.match(log, /Kernel panic - not syncing\r\n/);
    assert.match(await output(`console ${host.node.name} --logs`), /goes on/);
    assert.match(await output(`console ${host.node.name} --log --times`), /\[20\d\d-\d\d-\d\dT[\d:]{8}Z\] /);
  });

  test('works in a pipe', { skip }, async () => {
    host.bmc.serial.typed = (characters) => {
      host.typed += Buffer.from(characters).toString('latin1');
      host.say('Linux dgx01\r\n');
    };
    const answer = await output(`console ${host.node.name}`, 'uname -a\r');
    assert.equal(host.typed, 'uname -a\r');
    assert.match(answer, /^Linux dgx01/);
  });

  async function output(words: string, typed?: string): Promise<string> {
    const input = typed === undefined ? '</dev/null' : `< <(printf '${typed.replace('\r', '\\r')}')`;
    const child = new Background(['bash', '-c', `${podboot} ${words} ${input} 2>${host.folder}/errors`], {
      env: host.environment,
    });
    assert.equal(await child.exited, 0, `${child.output}${must(['cat', `${host.folder}/errors`])}`);
    return child.output;
  }
});

test('ipmitool’s own console reads and types at the simulated BMC, and ends cleanly', { skip }, async () => {
  await using other = await ConsoleHost.start();
  await other.hub.stop();
  await pause(300);
  const ipmitool = `ipmitool -I lanplus -C 17 -H 127.0.0.1 -p ${other.served.port} -U admin -E sol activate`;
  const shell = new Background(['script', '-qfec', ipmitool, '/dev/null'], {
    env: { ...process.env, IPMI_PASSWORD: PASSWORD },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await shell.said(/SOL Session operational/, 15_000);
  shell.tell('root\r');
  await until(() => other.typed === 'root\r', { what: 'typed', evidence: () => `${other.typed}|${shell.output}` });
  const said = Array.from({ length: 300 }, (_, line) => `line ${line} of the kernel’s\r\n`).join('');
  other.bmc.serial.say(Buffer.from(said));
  await shell.said(/line 299/);
  assert.ok(shell.output.replaceAll('\r\r', '\r').includes(said.slice(0, 4_000)));
  shell.tell('\r~.');
  assert.equal(await shell.exited, 0, shell.output);
  assert.equal(other.bmc.serial.sessionId, 0);
});
