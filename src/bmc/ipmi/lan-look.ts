import {
  type ChannelAuthentication,
  getChannelAuthenticationCapabilities,
  Privilege,
} from '../../codecs/ipmi/commands/session.ts';
import { decodeIpmiResponse, encodeIpmiRequest } from '../../codecs/ipmi/message.ts';
import { RMCP_PORT } from '../../codecs/ipmi/rmcp.ts';
import { encodeV15Packet, PayloadType } from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { IpmiError } from './errors.ts';
import { PlainExchange } from './plain-exchange.ts';
import type { IpmiClock, IpmiNetwork } from './ports.ts';

const TRIES = 3;

/**
 * What a BMC says of its sessions to whoever asks: no name and no password leaves. Some set the bits of it wrong, so it
 * explains what has failed, and nothing is made to depend on it.
 *
 * @returns undefined where nothing answers
 */
export async function lookAtLan(
  { host, port = RMCP_PORT }: { readonly host: string; readonly port?: number | undefined },
  { network, clock, waitMs }: { readonly network: IpmiNetwork; readonly clock: IpmiClock; readonly waitMs: number },
): Promise<ChannelAuthentication | undefined> {
  const channel = await network.connect(host, port).catch(() => undefined);
  if (channel === undefined) return undefined;
  try {
    const exchange = new PlainExchange({ clock, send: (packet) => channel.send(packet), dropped() {}, silent() {} });
    channel.onPacket((packet) => exchange.receive(packet));
    channel.onError((error) => exchange.failed(error));
    // Answered with cc by BMCs that know no 2.0, and by some that want the bit clear.
    return (await ask(exchange, true, waitMs)) ?? (await ask(exchange, false, waitMs));
  } catch (error) {
    if (error instanceof IpmiError || error instanceof MalformedPacket) return undefined;
    throw error;
  } finally {
    channel.close();
  }
}

/** @returns undefined for a refusal. @throws IpmiError, MalformedPacket */
async function ask(exchange: PlainExchange, withV20Data: boolean, waitMs: number) {
  const command = getChannelAuthenticationCapabilities(Privilege.ADMINISTRATOR, withV20Data);
  for (let sequence = 1; ; sequence += 1) {
    const packet = encodeV15Packet(encodeIpmiRequest({ ...command, sequence }));
    try {
      const answer = await exchange.askPacket(packet, PayloadType.IPMI, waitMs, {
        read: decodeIpmiResponse,
        isOurs: (response) => response.command === command.command && response.sequence === sequence,
      });
      return answer.completionCode === 0 ? command.read(answer.data) : undefined;
    } catch (error) {
      const isLost = error instanceof IpmiError && error.failure === 'no-answer';
      if (!isLost || sequence >= TRIES) throw error;
    }
  }
}
