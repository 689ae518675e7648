import { formatIpv4 } from '../domain/ipv4.ts';
import type { DhcpAnswer } from './dhcp-answer.ts';
import type { Machine, StageEnd } from './machine.ts';
import { EDK2_TFTP } from './tftp-client.ts';

const HTTP_AGENT = 'UefiHttpBoot/1.0';

/** EDK2's PXE client: an address, the size of the boot program, the boot program. */
export async function bootByPxe(machine: Machine): Promise<StageEnd> {
  const answer = await machine.dhcp(machine.firmware.dhcp);
  if ('refused' in answer) return { to: 'next-entry', reason: `PXE ${answer.refused}` };
  const { bootFile, nextServer } = answer;
  if (bootFile === undefined) return { to: 'next-entry', reason: 'PXE is acknowledged without a boot file' };
  if (bootFile.includes('://')) return { to: 'stuck', reason: `PXE can't fetch an URL: ${bootFile}` };
  if (nextServer === undefined)
    return { to: 'stuck', reason: 'PXE is told a boot file but no TFTP server (siaddr, option 66)' };
  const size = await machine.tftp(answer.address, nextServer, bootFile, EDK2_TFTP, true);
  if (size.result !== 'size') return failed(`the size of ${bootFile}`, size);
  const program = await machine.tftp(answer.address, nextServer, bootFile, EDK2_TFTP);
  if (program.result !== 'file') return failed(bootFile, program);
  if (program.file.sizeBytes !== size.sizeBytes) {
    machine.fault(`${bootFile} has ${program.file.sizeBytes} bytes, its tsize said ${size.sizeBytes}`);
  }
  return { to: 'program', program: program.file, answer };
}

/** EDK2's HTTP boot: HEAD for the size, then GET. */
export async function bootByHttp(machine: Machine): Promise<StageEnd> {
  const answer = await machine.dhcp(machine.firmware.dhcp);
  if ('refused' in answer) return { to: 'next-entry', reason: `HTTP boot ${answer.refused}` };
  const { bootFile } = answer;
  if (bootFile === undefined) return { to: 'next-entry', reason: 'HTTP boot is acknowledged without an URL' };
  try {
    const head = await httpFetch(machine, answer, 'HEAD', bootFile);
    const body = await httpFetch(machine, answer, 'GET', bootFile);
    if (head.lengthBytes !== undefined && head.lengthBytes !== body.file.sizeBytes) {
      machine.fault(`${bootFile} has ${body.file.sizeBytes} bytes, HEAD said ${head.lengthBytes}`);
    }
    machine.received(body.file, body.milliseconds, 'HTTP');
    return { to: 'program', program: body.file, answer };
  } catch (error) {
    return { to: 'next-entry', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function httpFetch(machine: Machine, answer: DhcpAnswer, method: 'HEAD' | 'GET', url: string) {
  const got = await machine.ports.http({
    method,
    url,
    from: formatIpv4(answer.address),
    userAgent: HTTP_AGENT,
    keepAlive: false,
  });
  if (got.status !== 200) throw new Error(`${method} ${url}: status ${got.status}`);
  return got;
}

function failed(
  what: string,
  outcome: { readonly result: string; readonly reason?: string; readonly message?: string },
): StageEnd {
  const why = outcome.reason ?? outcome.message ?? outcome.result;
  return { to: 'next-entry', reason: `TFTP ${what}: ${why}` };
}
