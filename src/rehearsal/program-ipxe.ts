import { formatIpv4 } from '../domain/ipv4.ts';
import type { DhcpAnswer } from './dhcp-answer.ts';
import { type DhcpDialect, ipxe } from './dhcp-dialect.ts';
import type { FetchedFile } from './fetched-file.ts';
import { type IpxeHost, type IpxeOutcome, isIpxeScript, runIpxeScript } from './ipxe-script.ts';
import { type Machine, programExit, type StageEnd } from './machine.ts';
import { EDK2_TFTP, type TftpDialect } from './tftp-client.ts';

const IPXE_AGENT = 'iPXE/1.0.0+git-20190125.36a4c85-5.1';
/** Debian's build waits this long for an IPv6 router after its ACK. */
const ROUTER_WAIT_MS = 13_000;
const IPXE_TFTP: TftpDialect = { ...EDK2_TFTP, blockBytes: 1432, windowBlocks: 1, asksSize: true, timeoutMs: 1_000 };

/** iPXE from its DHCP to its script's end. */
export async function runIpxe(machine: Machine): Promise<StageEnd> {
  const dialect: DhcpDialect = ipxe(machine.firmware.ipxeArchitecture);
  const answer = await machine.dhcp(dialect);
  if ('refused' in answer) return { to: 'next-entry', reason: `iPXE ${answer.refused}` };
  await machine.pause(ROUTER_WAIT_MS);
  const { bootFile } = answer;
  if (bootFile === undefined) return { to: 'next-entry', reason: 'iPXE has an address and nothing to boot' };
  const host = ipxeHost(machine, answer);
  const url = bootFile.includes('://') ? bootFile : `tftp://${answer.nextServer ?? ''}/${bootFile}`;
  let script: FetchedFile;
  try {
    script = await host.fetch(url);
  } catch (error) {
    return { to: 'next-entry', reason: `iPXE: ${error instanceof Error ? error.message : String(error)}` };
  }
  if (!isIpxeScript(script)) {
    return { to: 'stuck', reason: `iPXE gets ${url}, which is not a script: it would boot itself in a circle` };
  }
  const outcome = await runIpxeScript(script, host);
  // The program that a script chains to starts with the lease that iPXE has.
  if (outcome.ended === 'program') return { to: 'program', program: outcome.file, answer };
  return stageEnd(machine, outcome, url);
}

function stageEnd(machine: Machine, outcome: Exclude<IpxeOutcome, { ended: 'program' }>, url: string): StageEnd {
  switch (outcome.ended) {
    case 'kernel': {
      const { kernel, initrds } = outcome;
      return {
        to: 'kernel',
        kernel: kernel.file,
        initrds: initrds.map((each) => each.file),
        arguments: outcome.arguments,
      };
    }
    case 'disk':
      return { to: 'disk', reason: `its script says sanboot ${outcome.drive}` };
    case 'exit':
      return programExit(machine, outcome.status, `iPXE's script says exit ${outcome.status}`);
    case 'finished':
      return programExit(machine, 0, `the script ${url} ends without booting anything`);
    case 'reset':
      return { to: 'stuck', reason: `its script says ${outcome.command}` };
    case 'failed':
      return programExit(machine, 1, `line ${outcome.line} of ${url}: ${outcome.reason}`);
  }
}

function ipxeHost(machine: Machine, answer: DhcpAnswer): IpxeHost {
  const { plan, firmware, ports } = machine;
  const own = formatIpv4(answer.address);
  const settings = new Map<string, string | undefined>([
    ['mac', plan.mac],
    ['ip', own],
    ['netmask', answer.netmask === undefined ? undefined : formatIpv4(answer.netmask)],
    ['gateway', answer.router === undefined ? undefined : formatIpv4(answer.router)],
    ['next-server', answer.nextServer],
    ['filename', answer.bootFile],
    ['hostname', answer.hostname],
    ['dhcp-server', formatIpv4(answer.server)],
    ['uuid', plan.uuid],
    ['platform', firmware.ipxeArchitecture === 0 ? 'pcbios' : 'efi'],
    ['buildarch', firmware.ipxeArchitecture === 0 ? 'i386' : firmware.grubCpu],
    ['serial', plan.serialNumber],
    ['manufacturer', 'podboot'],
    ['product', 'rehearsal'],
    ['version', '1.0.0+'],
  ]);
  return {
    diskBoots: plan.disk === 'os',
    setting: (name) => settings.get(name.replace(/^net[0-9]\//, '')),
    sleep: (seconds) => machine.pause(seconds * 1_000),
    say: (text) => machine.tell(`iPXE says: ${text}`, 'detail'),
    fetch: async (url) => {
      if (url.startsWith('tftp://')) return fetchByTftp(machine, answer, new URL(url));
      if (!url.startsWith('http://')) throw new Error(`${url}: this iPXE has no ${url.split(':')[0]}`);
      const got = await ports.http({ method: 'GET', url, from: own, userAgent: IPXE_AGENT, keepAlive: true });
      if (got.status !== 200) throw new Error(`${url}: status ${got.status}`);
      machine.received(got.file, got.milliseconds, 'HTTP');
      return got.file;
    },
  };
}

async function fetchByTftp(machine: Machine, answer: DhcpAnswer, url: URL): Promise<FetchedFile> {
  const name = decodeURIComponent(url.pathname.slice(1));
  const outcome = await machine.tftp(answer.address, url.hostname, name, IPXE_TFTP);
  if (outcome.result === 'file') return { ...outcome.file, name: url.href };
  throw new Error(
    `${url.href}: ${outcome.result === 'refused' ? outcome.message : outcome.result === 'failed' ? outcome.reason : 'no file'}`,
  );
}
