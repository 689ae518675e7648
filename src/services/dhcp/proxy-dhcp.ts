import { MessageType } from '../../codecs/dhcp/message.ts';
import type { ClientStage } from '../../domain/client.ts';
import type { Inquiry } from './inquiry.ts';
import { type Outcome, silent } from './outcome.ts';

const BOOT_STAGES: ReadonlySet<ClientStage> = new Set<ClientStage>(['pxe', 'http', 'ipxe']);

/**
 * proxyDHCP (PXE 2.1 section 2.2): another server gives addresses, we add what to boot. The DISCOVER is answered with an
 * offer of no address. A UEFI client that took it comes back to port 4011 (`onProxyPort`) once it has its address; a
 * BIOS ROM and iPXE take the file of the offer. Everybody else's messages are the other server's.
 */
export function handleProxy(inquiry: Inquiry, onProxyPort: boolean): Outcome {
  const { type, client, subnets } = inquiry;
  if (!BOOT_STAGES.has(client.stage)) return silent('no-boot-client');
  const subnet = subnets[0];
  if (onProxyPort) {
    const asks = type === MessageType.REQUEST || type === MessageType.INFORM || type === MessageType.DISCOVER;
    return asks ? proxyReply('ack', subnet) : silent('no-answer-due');
  }
  return type === MessageType.DISCOVER ? proxyReply('offer', subnet) : silent('no-answer-due');
}

function proxyReply(type: 'offer' | 'ack', subnet: Inquiry['subnets'][number] | undefined): Outcome {
  return { kind: 'reply', reply: { type, address: 0, subnet, leaseSeconds: undefined, proxy: true } };
}
