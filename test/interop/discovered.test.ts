import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox', 'curl'] });
const BMC = '52:54:00:77:00:41';
const IPXE = '52:54:00:77:00:42';
/** iPXE's user class (option 77), and BIOS as architecture (93). */
const AS_IPXE = ['-x', `77:${Buffer.from('iPXE').toString('hex')}`, '-x', '93:0000'];

let site: Site;

type Machine = Readonly<Record<string, string>>;
/** Of a node, or of a list of machines. */
interface Answer {
  readonly items: readonly Machine[];
  readonly interfaces: readonly { readonly mac: string }[];
}

async function api(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const answer = await site.daemon.call(method, `/api/v1${path}`, body);
  return { status: answer.status, body: JSON.parse(answer.body) as Answer };
}

async function discovered(): Promise<readonly Machine[]> {
  return (await api('GET', '/discovered')).body.items;
}

function fetched(host: Namespace, url: string): string {
  return host.must(['curl', '-sS', '--max-time', '10', url]);
}

before(async () => {
  if (skip !== false) return;
  site = await Site.up(SITE);
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
});

test('a BMC that asks is listed with its address, is adopted by hand, and is in the list no more, also after a restart', {
  skip,
}, async () => {
  const host = site.client(BMC);
  const client = new Udhcpc(host);
  try {
    const { ip } = client.lease('-V', 'iDRAC', '-x', 'hostname:idrac-d34623j');
    let [machine] = await discovered();
    assert.equal(machine?.mac, BMC);
    assert.equal(machine?.address, ip);
    assert.equal(machine?.hostname, 'idrac-d34623j');
    assert.equal(machine?.vendorClass, 'iDRAC');
    assert.equal(machine?.vendor, 'locally administered');
    await site.daemon.logged(({ type }) => type === 'machine.discovered', 'it is told');
    [machine] = await discovered();
    assert.equal(machine?.kind, 'bmc');

    await site.daemon.stop();
    await site.daemon.start();
    assert.equal((await discovered())[0]?.mac, BMC, 'a restart forgets nobody');

    const adopted = await api('POST', `/discovered/${BMC}/adopt`, { name: 'dgx01', rack: 'r1' });
    assert.equal(adopted.status, 201, JSON.stringify(adopted.body));
    assert.deepEqual(await discovered(), []);
    await site.daemon.stop();
    await site.daemon.start();
    assert.deepEqual(await discovered(), []);
    client.lease('-V', 'iDRAC');
    assert.deepEqual(await discovered(), []);
  } finally {
    client.remove();
  }
});

test('a machine that was enrolled by its serial number is asked, is known from then on, and gets its own address', {
  skip,
}, async () => {
  const host = site.client(IPXE);
  const client = new Udhcpc(host);
  try {
    assert.equal(client.lease(...AS_IPXE).boot_file, undefined, 'while nobody waits, strangers get nothing');
    const enrolled = await api('POST', '/nodes', {
      name: 'dgx02',
      serialNumber: 'X99 12/3',
      interfaces: [{ name: 'eno1', address: '10.77.0.50' }],
    });
    assert.equal(enrolled.status, 201, JSON.stringify(enrolled.body));
    const stranger = client.lease(...AS_IPXE);
    assert.equal(stranger.boot_file, `http://${SERVER}/identify/mac-52-54-00-77-00-42.ipxe`);
    assert.notEqual(stranger.ip, '10.77.0.50');

    const question = fetched(host, stranger.boot_file ?? '');
    assert.match(question, /^#!ipxe\n/);
    const ask = `http://${SERVER}/identify/mac-52-54-00-77-00-42?serial=`;
    assert.match(question, new RegExp(`chain --replace ${ask.replaceAll('.', '\\.').replace('?', '\\?')}`));
    assert.match(fetched(host, `${ask}NOBODY`), /no node waits for this machine: serial number NOBODY/);
    const script = fetched(host, `${ask}${encodeURIComponent('X99 12/3')}`);
    assert.match(script, /dgx02 boots from its disk/);

    const node = (await api('GET', '/nodes/dgx02')).body;
    assert.equal(node.interfaces[0]?.mac, IPXE);
    assert.ok((await discovered()).every(({ mac }) => mac !== IPXE));
    const own = client.lease(...AS_IPXE);
    assert.equal(own.ip, '10.77.0.50');
    assert.equal(own.boot_file, `http://${SERVER}/boot/mac-52-54-00-77-00-42.ipxe`);
    const neighbour = site.client('52:54:00:77:00:43', '10.77.0.240/24');
    assert.match(fetched(neighbour, `${ask}X`), /may not have the script|has no lease/);
  } finally {
    client.remove();
  }
});
