import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { type Namespace, TestNetwork } from '../harness/namespace.ts';
import { Background, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

/** What systemd is to its services: a datagram socket, and what came to it, each datagram as a line of JSON. */
const LISTENER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind(chr(0) + name[1:] if name.startswith('@') else name)
print('listening', flush=True)
while True:
    print(json.dumps(s.recv(4096).decode()), flush=True)
`;

const SITE = {
  interfaces: { eno2: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
  subnets: { '10.77.0.0/24': { interface: 'eno2', pools: ['10.77.0.100-10.77.0.199'] } },
};

describe('the daemon under a service manager', {
  skip: unmet({ root: true, tools: ['ip', 'ss', 'python3'] }),
  timeout: 90_000,
}, () => {
  const network = new TestNetwork();
  let namespace: Namespace;
  before(() => {
    namespace = network.namespace('server');
    network.cable({ namespace, name: 'eno2', address: '10.77.0.1/24' }, { namespace, name: 'peer' });
  });
  after(() => network.destroy());

  for (const abstract of [false, true]) {
    it(`is ready when its sockets are open, reloads, feeds the watchdog, stops: ${abstract ? 'abstract name' : 'path'}`, async (context) => {
      const env: NodeJS.ProcessEnv = { WATCHDOG_USEC: '2000000' };
      const daemon = new Daemon(namespace, SITE, { env });
      env.NOTIFY_SOCKET = abstract ? `@podboot-test-${process.pid}` : join(daemon.folder, 'notify');
      const manager = new Background(namespace.argv(['python3', '-c', LISTENER, env.NOTIFY_SOCKET]));
      context.after(async () => {
        await daemon.remove();
        await manager.stop();
      });
      await manager.said(/listening/);
      const told = () =>
        manager.output.split('\n').flatMap((line) => (line.startsWith('"') ? [JSON.parse(line) as string] : []));
      const heard = (pattern: RegExp, what: string) =>
        until(() => told().some((each) => pattern.test(each)), {
          what,
          timeoutMs: 20_000,
          evidence: () => manager.output + daemon.output,
        });

      daemon.launch();
      await heard(/^READY=1$/m, 'it is ready');
      const open = namespace.must(['ss', '-Hltun']);
      for (const port of [67, 69, 80]) assert.match(open, new RegExp(`:${port}\\s`), `port ${port} is open by then`);
      assert.match(told()[0] ?? '', /^READY=1\nSTATUS=serves eno2 10\.77\.0\.1 \(authoritative\); 0 nodes, 0 leases$/);
      await until(() => told().filter((each) => each.startsWith('WATCHDOG=1')).length >= 3, {
        what: 'it feeds the watchdog',
      });

      daemon.reload();
      await heard(/^RELOADING=1\nMONOTONIC_USEC=\d+$/, 'it reloads');
      const isReadyAgain = () => told().filter((each) => each.startsWith('READY=1')).length === 2;
      await until(isReadyAgain, { what: 'it is ready again', evidence: () => manager.output });

      daemon.configure({ ...SITE, subnets: {}, dhcp: { leaseTime: 'never' } });
      daemon.reload();
      await heard(
        /^READY=1\nSTATUS=serves eno2 .*; the last reload was refused: /,
        'a refused reload is told, and it serves on',
      );

      assert.equal(await daemon.stop(), 0);
      await heard(/^STOPPING=1$/m, 'it stops');
      const at = told().findIndex((each) => each.includes('STOPPING=1'));
      assert.ok(
        told()
          .slice(at + 1)
          .every((each) => !each.includes('WATCHDOG')),
        'no watchdog is fed while it stops',
      );
    });
  }

  it('says why it did not start', async (context) => {
    const env: NodeJS.ProcessEnv = {};
    const daemon = new Daemon(namespace, { ...SITE, interfaces: {} }, { env });
    env.NOTIFY_SOCKET = join(daemon.folder, 'notify');
    const manager = new Background(namespace.argv(['python3', '-c', LISTENER, env.NOTIFY_SOCKET]));
    context.after(async () => {
      await daemon.remove();
      await manager.stop();
    });
    await manager.said(/listening/);
    await daemon.launch().exited;
    await manager.said(/"STATUS=the start was refused: .*podboot\.yaml/, 30_000);
    assert.doesNotMatch(manager.output, /READY/);
  });
});
