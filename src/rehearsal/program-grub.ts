import { formatIpv4 } from '../domain/ipv4.ts';
import type { DhcpAnswer } from './dhcp-answer.ts';
import { type FetchedFile, fileText } from './fetched-file.ts';
import { type GrubHost, type GrubOutcome, runGrubConfig } from './grub-config.ts';
import { type Machine, programExit, type StageEnd } from './machine.ts';
import { GRUB_TFTP, SHIM_TFTP, type TftpDialect } from './tftp-client.ts';

/** shim looks for these beside itself; they need not be there. */
const REVOCATIONS = ['revocations_sku.efi', 'revocations_sbat.efi', 'shim_certificate_0.efi'];
const GRUB_AGENT = 'GRUB 2.06-13+deb12u2';
const MODULE_LISTS = ['command.lst', 'fs.lst', 'crypto.lst', 'terminal.lst'];
/** What an installed Debian has on its EFI partition. */
const EFI_LOADERS = /^\/efi\/(debian\/(shim|grub)(x64|aa64)|boot\/boot(x64|aa64))\.efi$/i;

/** shim: revocations, then GRUB beside itself. Loaded by HTTP it would go on by HTTP, where the signed GRUB stops. */
export async function runShim(machine: Machine, program: FetchedFile, answer: DhcpAnswer): Promise<StageEnd> {
  if (program.name.includes('://')) {
    return {
      to: 'stuck',
      reason: 'shim came by HTTP: the GRUB that it starts has no http module and stops at its prompt',
    };
  }
  const folder = program.name.slice(0, program.name.lastIndexOf('/') + 1);
  for (const name of REVOCATIONS) await askByTftp(machine, answer, folder + name, SHIM_TFTP);
  try {
    const grub = await fetchByTftp(machine, answer, folder + machine.firmware.grubName, SHIM_TFTP);
    return await runGrub(machine, grub, answer);
  } catch (error) {
    return { to: 'stuck', reason: `shim: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** GRUB from its module lists to its configuration's end. */
export async function runGrub(machine: Machine, program: FetchedFile, answer: DhcpAnswer): Promise<StageEnd> {
  const { grubCpu } = machine.firmware;
  // The prefix is built into the program: Debian's installer has its own.
  const prefix = program.name.includes('debian-installer') ? `/debian-installer/${grubCpu}/grub` : '/grub';
  for (const list of MODULE_LISTS) {
    await askByTftp(machine, answer, `${prefix}/${grubCpu}-efi/${list}`, GRUB_TFTP);
  }
  const server = tftpServer(answer);
  const variables = new Map([
    ['root', `tftp,${server}`],
    ['prefix', `(tftp,${server})${prefix}`],
    ['net_default_server', server],
    ['net_default_ip', formatIpv4(answer.address)],
    ['net_default_mac', machine.plan.mac],
    ['net_efinet0_mac', machine.plan.mac],
    ['net_efinet0_dhcp_mac', machine.plan.mac],
    ['grub_cpu', grubCpu],
    ['grub_platform', 'efi'],
  ]);
  try {
    const config = await fetchByTftp(machine, answer, `${prefix}/grub.cfg`, GRUB_TFTP);
    return stageEnd(
      machine,
      program,
      await runGrubConfig(fileText(config), grubHost(machine, answer, prefix), variables),
    );
  } catch (error) {
    return { to: 'stuck', reason: `GRUB: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function stageEnd(machine: Machine, program: FetchedFile, outcome: GrubOutcome): StageEnd {
  switch (outcome.ended) {
    case 'kernel':
      return { to: 'kernel', kernel: outcome.kernel, initrds: outcome.initrds, arguments: outcome.arguments };
    case 'disk':
      return { to: 'disk', reason: `GRUB chainloads (${outcome.device})${outcome.path}` };
    case 'exit':
      // iPXE chained to it by HTTP: its script goes on, and ends iPXE with an error in turn.
      return programExit(machine, program.name.includes('://') ? 1 : 0, 'its GRUB configuration says exit');
    case 'reset':
      return { to: 'stuck', reason: `its GRUB configuration says ${outcome.command}` };
    case 'program':
      return { to: 'stuck', reason: `GRUB chainloads ${outcome.file.name}, which a rehearsal can't run` };
    case 'prompt':
      return { to: 'stuck', reason: `GRUB stops at its prompt: ${outcome.reason}` };
  }
}

function grubHost(machine: Machine, answer: DhcpAnswer, prefix: string): GrubHost {
  const { grubCpu, secureBoot } = machine.firmware;
  return {
    diskWith: (path) => (machine.plan.disk === 'os' && EFI_LOADERS.test(path) ? 'hd0,gpt1' : undefined),
    sleep: (seconds) => machine.pause(seconds * 1_000),
    say: (text) => machine.tell(`GRUB says: ${text}`, 'detail'),
    // The system's serial number; chassis and board have none of their own.
    smbios: (type, offset) => (type === 1 && offset === 7 ? machine.plan.serialNumber : undefined),
    // Everything but http is built in. Under Secure Boot a module from the network is refused.
    loadModule: async (name) =>
      name !== 'http' ||
      (!secureBoot && (await askByTftp(machine, answer, `${prefix}/${grubCpu}-efi/http.mod`, GRUB_TFTP))),
    fetch: async (device, path) => {
      const [protocol, server = ''] = device.split(',');
      if (protocol === 'http') return fetchByHttp(machine, answer, `http://${server}${path}`);
      if (protocol === 'tftp') return fetchByTftp(machine, answer, path, GRUB_TFTP, server);
      throw new Error(`GRUB can't fetch from (${device})`);
    },
  };
}

/** For what may be missing: GRUB and shim ask, and go on. */
async function askByTftp(machine: Machine, answer: DhcpAnswer, name: string, dialect: TftpDialect): Promise<boolean> {
  const outcome = await machine.tftp(answer.address, tftpServer(answer), name, dialect);
  if (outcome.result === 'failed') machine.tell(`TFTP ${name}: ${outcome.reason}`, 'trouble');
  return outcome.result === 'file';
}

async function fetchByTftp(
  machine: Machine,
  answer: DhcpAnswer,
  name: string,
  dialect: TftpDialect,
  server = tftpServer(answer),
): Promise<FetchedFile> {
  const outcome = await machine.tftp(answer.address, server, name, dialect);
  if (outcome.result === 'file') return outcome.file;
  const why = outcome.result === 'failed' ? outcome.reason : outcome.result === 'refused' ? outcome.message : 'no file';
  throw new Error(`TFTP ${name}: ${why}`);
}

async function fetchByHttp(machine: Machine, answer: DhcpAnswer, url: string): Promise<FetchedFile> {
  const from = formatIpv4(answer.address);
  const got = await machine.ports.http({ method: 'GET', url, from, userAgent: GRUB_AGENT, keepAlive: false });
  if (got.status !== 200) throw new Error(`${url}: status ${got.status}`);
  machine.received(got.file, got.milliseconds, 'HTTP');
  return got.file;
}

function tftpServer(answer: DhcpAnswer): string {
  return answer.nextServer ?? formatIpv4(answer.server);
}
