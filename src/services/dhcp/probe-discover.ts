import { encodeDhcp } from '../../codecs/dhcp/encode.ts';
import { BootOp, BROADCAST_FLAG, HardwareType, MessageType } from '../../codecs/dhcp/message.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';

const MAC_BYTES = 6;

/** A client that no one knows: a random, locally administered MAC address, and answers to everyone. */
export function probeDiscover(xid: number, mac: Uint8Array): Uint8Array {
  mac[0] = ((mac[0] ?? 0) & 0xfc) | 0x02;
  return encodeDhcp({
    op: BootOp.BOOTREQUEST,
    htype: HardwareType.ETHERNET,
    hlen: MAC_BYTES,
    hops: 0,
    xid,
    secs: 0,
    flags: BROADCAST_FLAG,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: mac,
    sname: '',
    file: '',
    options: new Map([
      [OptionCode.messageType, Uint8Array.of(MessageType.DISCOVER)],
      [OptionCode.parameterRequestList, Uint8Array.of(OptionCode.subnetMask, OptionCode.routers)],
    ]),
  });
}
